// For what reads the tokens once, because it draws on a canvas.

/** Calls back when the theme has changed; the returned function ends that. */
export function onThemeChange(tell: () => void): () => void {
  const themes = new MutationObserver(tell);
  themes.observe(document.documentElement, { attributes: true, attributeFilter: ['data-mantine-color-scheme', 'data-theme', 'class'] });
  return () => themes.disconnect();
}
