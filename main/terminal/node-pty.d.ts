// The package is installed under node-pty's own name (an alias of @lydell/node-pty), but declares its types under its own, in an ambient file.
// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- an ambient file cannot be imported
/// <reference path="../../node_modules/node-pty/node-pty.d.ts" />
declare module 'node-pty' {
  export * from '@lydell/node-pty';
}
