// The package is installed under node-pty's own name (an alias of @lydell/node-pty), but declares its types under its own.
/// <reference path="../../node_modules/node-pty/node-pty.d.ts" />
declare module 'node-pty' {
  export * from '@lydell/node-pty';
}
