// xterm writes <style> elements; the page's CSP forbids inline styles. Handed this document, its rules go into
// constructed style sheets, which the CSP allows because no markup can make them.

function divert(element: HTMLStyleElement, document: Document): HTMLStyleElement {
  const sheet = new CSSStyleSheet();
  let css = '';
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  Object.defineProperty(element, 'textContent', {
    get: () => css,
    set: (text: string) => {
      css = text;
      sheet.replaceSync(text);
    },
  });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
    HTMLElement.prototype.remove.call(element);
  };
  return element;
}

export function documentWithoutInlineStyles(document: Document): Document {
  return new Proxy(document, {
    get(target, key) {
      if (key === 'createElement') {
        return (name: string) => {
          const element = target.createElement(name);
          return element instanceof HTMLStyleElement ? divert(element, target) : element;
        };
      }
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}
