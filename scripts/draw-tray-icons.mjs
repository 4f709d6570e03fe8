// Draws assets/tray/*.png from assets/tray-*.svg; run it after changing one of them. Linux and Windows get a tile of the application's colour,
// because their panels may be light or dark; macOS gets the bare mark, which the system colours.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawPictures } from './lib/draw.mjs';
import { root } from './lib/paths.mjs';

const states = ['stopped', 'busy', 'running', 'error'];
const colour = '#0b5063';

function marks(state) {
  const svg = readFileSync(join(root, 'assets', `tray-${state}.svg`), 'utf8');
  return svg.slice(svg.indexOf('>') + 1, svg.lastIndexOf('</svg>'));
}

const pictures = states.flatMap((state) => {
  const bare = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="#000" color="#000">${marks(state)}</svg>`;
  const tile = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="#fff" color="#fff"><rect width="24" height="24" rx="5" fill="${colour}"/><g transform="translate(4 4)">${marks(state)}</g></svg>`;
  const at = (name) => join(root, 'assets', 'tray', name);
  return [
    { svg: tile, size: 24, path: at(`${state}.png`) },
    { svg: tile, size: 48, path: at(`${state}@2x.png`) },
    { svg: bare, size: 16, path: at(`${state}Template.png`) },
    { svg: bare, size: 32, path: at(`${state}Template@2x.png`) },
  ];
});
await drawPictures(pictures);
console.log(`${pictures.length} pictures in assets/tray`);
