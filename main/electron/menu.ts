// The application menu, in the user's language. Roles do the work; what has none calls back.
import { Menu } from 'electron';
import type { MenuItemConstructorOptions } from 'electron';
import type { Texts, TextKey } from './texts';

export interface MenuActions {
  readonly closeWindow: () => void;
  readonly quit: () => void;
  /** Missing where quitting shuts down anyway. */
  readonly shutDownAndQuit?: () => void;
  readonly documentation: () => void;
  readonly developer: boolean;
}

export function setApplicationMenu(texts: Texts, actions: MenuActions): void {
  const role = (key: TextKey, name: NonNullable<MenuItemConstructorOptions['role']>): MenuItemConstructorOptions => ({
    label: texts.text(key),
    role: name,
  });
  const separator: MenuItemConstructorOptions = { type: 'separator' };
  const menu: MenuItemConstructorOptions[] = [
    ...(process.platform === 'darwin' ? [{ role: 'appMenu' } as const] : []),
    {
      label: texts.text('menu.file'),
      submenu: [
        { id: 'close', label: texts.text('menu.closeWindow'), accelerator: 'CmdOrCtrl+W', click: actions.closeWindow },
        ...(actions.shutDownAndQuit === undefined
          ? []
          : [{ id: 'shutDownAndQuit', label: texts.text('menu.shutDownAndQuit'), click: actions.shutDownAndQuit }]),
        { id: 'quit', label: texts.text('menu.quit'), accelerator: 'CmdOrCtrl+Q', click: actions.quit },
      ],
    },
    {
      label: texts.text('menu.edit'),
      submenu: [
        role('menu.undo', 'undo'),
        role('menu.redo', 'redo'),
        separator,
        role('menu.cut', 'cut'),
        role('menu.copy', 'copy'),
        role('menu.paste', 'paste'),
        role('menu.selectAll', 'selectAll'),
      ],
    },
    {
      label: texts.text('menu.view'),
      submenu: [
        ...(actions.developer ? [role('menu.reload', 'reload'), role('menu.developerTools', 'toggleDevTools'), separator] : []),
        role('menu.zoomReset', 'resetZoom'),
        role('menu.zoomIn', 'zoomIn'),
        role('menu.zoomOut', 'zoomOut'),
        separator,
        role('menu.fullScreen', 'togglefullscreen'),
      ],
    },
    {
      label: texts.text('menu.help'),
      role: 'help',
      submenu: [{ id: 'documentation', label: texts.text('menu.documentation'), click: actions.documentation }],
    },
  ];
  Menu.setApplicationMenu(Menu.buildFromTemplate(menu));
}
