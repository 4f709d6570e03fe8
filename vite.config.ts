// Builds the window. One bundle serves both shells: relative paths, no request leaves the origin.
// chrome108 is the oldest Chromium that Berth promises; newer CSS is lowered to it.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: 'renderer',
  base: './',
  publicDir: false,
  plugins: [react()],
  define: { __BERTH_BUILD__: JSON.stringify(process.env['BERTH_BUILD'] ?? 'dev') },
  build: {
    // scripts/build.mjs builds into a temporary folder and renames it.
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'chrome108',
    cssTarget: 'chrome108',
    // Data URLs would need holes in the Content Security Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
  },
});
