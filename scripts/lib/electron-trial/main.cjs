// The trial start: can this Electron open a sandboxed window here? Prints one line and ends; scripts/lib/electron.mjs reads it.
const { readFileSync } = require('node:fs');
const { app, BrowserWindow } = require('electron');

app.enableSandbox();
app.whenReady().then(async () => {
  const window = new BrowserWindow({ show: false, webPreferences: { sandbox: true, contextIsolation: true, nodeIntegration: false } });
  await window.loadURL('about:blank');
  const pid = window.webContents.getOSProcessId();
  const confined = process.platform !== 'linux' || /^Seccomp:\t2$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  process.stdout.write(`trial: ${confined ? 'sandboxed' : 'no sandbox'} ${process.versions.electron}\n`);
  app.exit(confined ? 0 : 3);
});
