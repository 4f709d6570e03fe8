// How the window is built: one folder of static files that both shells serve. The targets are Chromium 108's, so that the same build runs
// in every Electron that the tests can get. Nothing is inlined as data: URLs, because the content security policy allows none.
import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: resolve(import.meta.dirname, 'renderer'),
  base: './',
  plugins: [react()],
  build: {
    outDir: process.env['BERTH_RENDERER_OUT'] ?? resolve(import.meta.dirname, 'dist/renderer'),
    emptyOutDir: true,
    target: 'chrome108',
    cssTarget: 'chrome108',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4096,
  },
});
