// The entry of the browser shell and of the backend that `berth start` puts into the background.
//   headless.cjs [--home FOLDER] [--port N] [--open | --print | --no-window] [--start | --no-start]
import { headlessMain } from './headless/main';

headlessMain(__dirname);
