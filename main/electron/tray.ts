// The tray: open, start or stop the engine, quit; its picture says the engine's state. Where a desktop shows no tray, a second start of Berth
// brings the window back.
import { join } from 'node:path';
import { Menu, nativeImage, Tray } from 'electron';
import type { NativeImage } from 'electron';
import type { VmStateName } from '../../preload/contract';
import type { Texts } from './texts';

export type TrayPicture = 'running' | 'busy' | 'stopped' | 'error';

export interface TrayStatus {
  readonly state: VmStateName;
  /** Stopping it saves its memory. */
  readonly suspends: boolean;
}

export interface TrayActions {
  readonly open: () => void;
  readonly start: () => void;
  readonly stop: () => void;
  readonly quit: () => void;
  readonly shutDownAndQuit: () => void;
}

export interface BerthTray {
  update(status: TrayStatus, texts: Texts): void;
  dispose(): void;
}

export function trayPicture(state: VmStateName): TrayPicture {
  switch (state) {
    case 'running':
      return 'running';
    case 'stopped':
    case 'suspended':
      return 'stopped';
    case 'failed':
      return 'error';
    default:
      return 'busy';
  }
}

export function createTray(folder: string, actions: TrayActions): BerthTray {
  const picture = (name: TrayPicture): NativeImage => {
    if (process.platform !== 'darwin') {
      return nativeImage.createFromPath(join(folder, `${name}.png`));
    }
    const image = nativeImage.createFromPath(join(folder, `${name}Template.png`));
    image.setTemplateImage(true);
    return image;
  };
  const tray = new Tray(picture('stopped'));
  tray.on('click', actions.open);
  return {
    update({ state, suspends }, texts) {
      const name = trayPicture(state);
      const words = texts.text(`tray.state.${state === 'suspended' ? state : name}`);
      tray.setImage(picture(name));
      tray.setToolTip(`Berth · ${words}`);
      // A new menu each time: on Linux a menu that was handed over cannot be changed.
      tray.setContextMenu(
        Menu.buildFromTemplate([
          { label: words, enabled: false },
          { id: 'open', label: texts.text('tray.open'), click: actions.open },
          { type: 'separator' },
          {
            id: 'start',
            label: texts.text(state === 'suspended' ? 'tray.resumeEngine' : 'tray.startEngine'),
            enabled: name === 'stopped' || name === 'error',
            click: actions.start,
          },
          {
            id: 'stop',
            label: texts.text(suspends ? 'tray.suspendEngine' : 'tray.stopEngine'),
            enabled: name === 'running',
            click: actions.stop,
          },
          { type: 'separator' },
          ...(suspends ? [{ id: 'shutDownAndQuit', label: texts.text('menu.shutDownAndQuit'), click: actions.shutDownAndQuit }] : []),
          { id: 'quit', label: texts.text('tray.quit'), click: actions.quit },
        ]),
      );
    },
    dispose: () => tray.destroy(),
  };
}
