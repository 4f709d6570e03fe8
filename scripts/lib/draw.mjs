// SVG to PNG by a Chromium that is there already (Debian's, or Chrome on other systems): no image library is needed for a handful of icons.
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

const candidates = ['/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'];

/** @param {{ svg: string, size: number, path: string }[]} pictures */
export async function drawPictures(pictures) {
  const { chromium } = await import('playwright-core');
  const executablePath = candidates.find((path) => existsSync(path));
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const browser = await chromium.launch(executablePath === undefined ? { channel: 'chrome', args } : { executablePath, args });
  try {
    const page = await browser.newPage();
    for (const { svg, size, path } of pictures) {
      mkdirSync(dirname(path), { recursive: true });
      await page.setViewportSize({ width: size, height: size });
      await page.setContent(`<style>html,body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`);
      await page.screenshot({ path, omitBackground: true });
    }
  } finally {
    await browser.close();
  }
}
