// What peers of different protocol versions may still ask each other, so that an old command line can see and stop a newer backend.
// The shapes of these calls only ever grow.

export const STABLE_METHODS: readonly string[] = ['app.info', 'app.stop', 'vm.status'];
