// The bridge of the Electron window: the page asks by message, and gets its MessagePort by message. Nothing is put on `window`: no function,
// no object, nothing of Electron. Runs sandboxed; whether the page may have a port is decided by main/electron/page-port.ts.
import { ipcRenderer } from 'electron';

window.addEventListener('message', (event) => {
  if (event.source === window && event.data === 'berth:connect') {
    ipcRenderer.send('berth:connect');
  }
});

ipcRenderer.on('berth:port', ({ ports }) => {
  window.postMessage('berth:port', location.origin, [...ports]);
});
