// Mantine in Berth's clothes. styles/tokens.css holds every value; this file only points Mantine at it.
import { convertCssVariables, createTheme, defaultCssVariablesResolver, mergeMantineTheme, DEFAULT_THEME } from '@mantine/core';
import type { CSSVariablesResolver, MantineTheme } from '@mantine/core';

const petrol = ['#e9f4f7', '#dceef2', '#b9dbe3', '#8cc0cc', '#5cc0d3', '#45adc1', '#1589a3', '#0b6277', '#085163', '#064250'] as const;
const fog = ['#f5f7f8', '#eef2f3', '#e4eaec', '#dfe5e8', '#c3ced2', '#93a1a7', '#82949c', '#596a72', '#45575f', '#13222a'] as const;
const deep = ['#e2eaec', '#a9b9bf', '#8598a0', '#5d747d', '#33474f', '#213138', '#18262c', '#101b20', '#0d171b', '#0b1418'] as const;
const run = ['#eef9f3', '#e2f3ea', '#c2e6d3', '#93d3b2', '#67cd9a', '#43b87f', '#23935a', '#17724a', '#105a3a', '#12301f'] as const;
const warn = ['#fef9ee', '#fdf3dd', '#f6e3b5', '#ecd193', '#e6ba5e', '#dba63a', '#bd8009', '#845600', '#664200', '#292211'] as const;
const bad = ['#fdf3f1', '#fcebe8', '#f7d5d0', '#f0bfb8', '#f38c80', '#ea6a5c', '#cf3f33', '#bf3429', '#a42a20', '#2b1a19'] as const;

export const theme = createTheme({
  colors: { petrol, gray: fog, dark: deep, run, warn, bad },
  black: '#13222a',
  primaryColor: 'petrol',
  primaryShade: { light: 7, dark: 5 },
  autoContrast: true,
  luminanceThreshold: 0.3,
  defaultRadius: 'sm',
  radius: { xs: '3px', sm: '5px', md: '8px' },
  fontFamily: 'var(--b-sans)',
  fontFamilyMonospace: 'var(--b-mono)',
  fontSmoothing: true,
  focusRing: 'auto',
  cursorType: 'default',
  respectReducedMotion: true,
  fontSizes: { xs: '12px', sm: '13px', md: '13px', lg: '14px', xl: '16px' },
  lineHeights: { xs: '1.5', sm: '1.54', md: '1.54', lg: '1.57', xl: '1.5' },
  spacing: { xs: '4px', sm: '8px', md: '12px', lg: '16px', xl: '24px' },
  shadows: { md: 'var(--b-shadow-pop)', xl: 'var(--b-shadow-dialog)' },
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '16px', lineHeight: '24px' },
      h2: { fontSize: '14px', lineHeight: '22px' },
      h3: { fontSize: '13px', lineHeight: '20px' },
    },
  },
  components: {
    Button: { defaultProps: { size: 'compact-sm', variant: 'default' } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray', size: 28 } },
    Tooltip: { defaultProps: { openDelay: 400, transitionProps: { duration: 80 }, events: { hover: true, focus: true, touch: false } } },
    Input: { defaultProps: { size: 'xs' } },
    InputWrapper: { defaultProps: { size: 'xs' } },
    TextInput: { defaultProps: { size: 'xs' } },
    NumberInput: { defaultProps: { size: 'xs' } },
    Select: { defaultProps: { size: 'xs', allowDeselect: false } },
    Modal: {
      defaultProps: {
        radius: 'md',
        shadow: 'xl',
        centered: true,
        // A click beside a dialog would throw away what was typed; those that only show something say so.
        closeOnClickOutside: false,
        transitionProps: { duration: 120, transition: 'fade' },
        overlayProps: { color: 'var(--b-scrim)', backgroundOpacity: 1 },
      },
    },
    Drawer: {
      defaultProps: {
        position: 'right',
        shadow: 'xl',
        transitionProps: { duration: 120, transition: 'fade' },
        overlayProps: { color: 'var(--b-scrim)', backgroundOpacity: 1 },
      },
    },
    Popover: { defaultProps: { shadow: 'md', radius: 'md', transitionProps: { duration: 80 } } },
    Menu: { defaultProps: { shadow: 'md', radius: 'md', transitionProps: { duration: 80 } } },
    SegmentedControl: { defaultProps: { size: 'xs', transitionDuration: 80 } },
    Badge: { defaultProps: { variant: 'light', radius: 'xs' } },
    Checkbox: { defaultProps: { size: 'xs', radius: 'xs' } },
    Switch: { defaultProps: { size: 'xs' } },
  },
});

const variables: CSSVariablesResolver = (resolved: MantineTheme) => {
  const base = defaultCssVariablesResolver(resolved);
  const tokens = {
    '--mantine-color-body': 'var(--b-bg)',
    '--mantine-color-text': 'var(--b-text)',
    '--mantine-color-dimmed': 'var(--b-text-3)',
    '--mantine-color-placeholder': 'var(--b-text-3)',
    '--mantine-color-error': 'var(--b-bad-text)',
    // Mantine takes a shade for it that is nearly white in the dark.
    '--mantine-color-bad-outline': 'var(--b-bad-text)',
    '--mantine-color-anchor': 'var(--b-accent-text)',
    '--mantine-color-default': 'var(--b-bg)',
    '--mantine-color-default-hover': 'var(--b-bg-hover)',
    '--mantine-color-default-color': 'var(--b-text)',
    '--mantine-color-default-border': 'var(--b-line-strong)',
    '--mantine-color-disabled': 'var(--b-bg-sunken)',
    '--mantine-color-disabled-color': 'var(--b-text-off)',
    '--mantine-color-disabled-border': 'var(--b-line)',
    '--mantine-color-petrol-filled': 'var(--b-accent)',
    '--mantine-color-petrol-filled-hover': 'var(--b-accent-hover)',
    '--mantine-color-petrol-text': 'var(--b-accent-text)',
    '--mantine-primary-color-contrast': 'var(--b-on-accent)',
    '--mantine-color-petrol-contrast': 'var(--b-on-accent)',
    '--mantine-color-bad-filled': 'var(--b-bad-fill)',
    '--mantine-color-bad-filled-hover': 'var(--b-bad-fill-hover)',
    '--mantine-color-bad-contrast': 'var(--b-on-bad)',
  };
  return { variables: base.variables, light: { ...base.light, ...tokens }, dark: { ...base.dark, ...tokens } };
};

/**
 * Mantine would write its variables into a <style> by innerHTML, which Trusted Types forbid. A constructed sheet is neither
 * markup nor inline style, so the page's policy needs no hole for it.
 */
export function adoptThemeVariables(): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(convertCssVariables(variables(mergeMantineTheme(DEFAULT_THEME, theme)), ':root'));
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
