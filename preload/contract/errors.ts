// Every failure a user can meet: code -> typed parameters. Prose is in assets/locales/*/errors.json (title, kept, next), nowhere else.
// Grouped by domain; a code is never renamed, because scripts read it from `berth status --json`.

import type { DaemonKeyType, OwnedReason } from './daemon-keys';

/** What the window offers as the way out of an error; the text and what it does belong to the window. */
export type ErrorAction =
  | 'retry'
  | 'start'
  | 'restartEngine'
  | 'restartVm'
  | 'openSettings'
  | 'openLogs'
  | 'doctor'
  | 'rebuild'
  | 'switchOffMirror'
  | 'shareFolder'
  | 'openShares'
  | 'openRepair'
  | 'openDisk'
  | 'none';

interface Spec<P> {
  readonly params?: P;
  readonly retryable: boolean;
  readonly action: ErrorAction;
}

/** Why the data disk cannot go there. */
type NoFolderReason = 'relative' | 'missing' | 'notFolder' | 'notWritable' | 'same' | 'taken';

/** A code without parameters. */
type None = Record<string, never>;

function spec<P = None>(action: ErrorAction = 'none', retryable = false): Spec<P> {
  return { action, retryable };
}

export const errorTable = {
  // The protocol between window and backend
  'rpc.badRequest': spec<{ method: string; field: string; reason: string }>(),
  'rpc.unknownMethod': spec<{ method: string }>(),
  'rpc.badFrame': spec<{ reason: string }>(),
  'rpc.tooLarge': spec<{ bytes: number; limit: number }>(),
  'rpc.tooMany': spec<{ limit: number }>('retry', true),
  'rpc.unauthorized': spec(),
  'rpc.versionMismatch': spec<{ ours: string; theirs: string }>(),
  'rpc.disconnected': spec('retry', true),
  'rpc.cancelled': spec('retry', true),
  'rpc.unavailableHere': spec<{ what: string }>(),
  'internal.unexpected': spec<{ detail: string }>('openLogs'),

  'backend.notAnswering': spec<{ pid: number; seconds: number }>('retry', true),
  'backend.notStarted': spec<{ detail: string }>('openLogs', true),

  // The home and its files
  'home.notWritable': spec<{ path: string; reason: string }>(),
  'home.newer': spec<{ path: string; found: number; known: number }>(),
  'home.socketPathTooLong': spec<{ path: string; bytes: number; limit: number }>(),
  'home.locked': spec<{ pid: number }>('retry', true),
  'settings.corrupt': spec<{ path: string; keptAs: string }>('openSettings'),
  'settings.newer': spec<{ path: string; found: number; known: number }>(),
  'settings.invalid': spec<{ field: string; reason: string; value: string }>('openSettings'),
  'settings.cpus': spec<{ asked: number; min: number; max: number }>('openSettings'),
  'settings.memory': spec<{ askedBytes: number; minBytes: number; maxBytes: number }>('openSettings'),

  // The VM
  'vm.imageMissing': spec<{ path: string }>('rebuild'),
  'vm.imageDamaged': spec<{ path: string; file: string }>('openRepair'),
  'vm.bundleDamaged': spec<{ path: string; file: string }>('openRepair'),
  'vm.blockedBinary': spec<{ path: string; reason: string }>(),
  'vm.notEnoughMemory': spec<{ neededBytes: number; availableBytes: number }>('openSettings', true),
  'vm.notEnoughDisk': spec<{ path: string; neededBytes: number; availableBytes: number }>('retry', true),
  'vm.noAccelerator': spec<{ reasons: string }>('doctor'),
  'vm.spawnFailed': spec<{ detail: string }>('openLogs', true),
  'vm.exited': spec<{ detail: string }>('start', true),
  'vm.systemWentBack': spec<{ detail: string }>('openLogs'),
  'vm.systemSlow': spec<{ detail: string }>('openLogs'),
  'vm.phaseTimeout': spec<{ phase: string; seconds: number; detail: string }>('openRepair', true),
  'vm.suspendFailed': spec<{ detail: string }>('retry', true),
  'vm.stopTimeout': spec<{ seconds: number }>('retry', true),
  'vm.notRunning': spec<{ state: string }>('start', true),
  /** Somebody stopped it and its memory is saved: use does not bring it back. */
  'vm.suspended': spec('start', true),
  /** Idleness suspended it, and what asks is no sign of use. */
  'vm.asleep': spec('start', true),
  'vm.busy': spec<{ state: string }>('retry', true),
  'vm.crashLoop': spec<{ times: number; minutes: number; detail: string }>('openRepair', true),
  'disk.missing': spec<{ path: string }>('openRepair'),
  'disk.wrongUuid': spec<{ path: string; expected: string; found: string }>('openRepair'),
  'disk.damaged': spec<{ path: string; detail: string }>('openRepair'),
  'disk.notEmpty': spec<{ path: string }>('doctor'),
  'disk.formatFailed': spec<{ path: string; detail: string }>('openLogs'),
  'disk.newer': spec<{ path: string; detail: string }>(),
  'disk.inUse': spec<{ path: string }>('retry', true),
  'disk.hostLow': spec<{ folder: string; freeBytes: number; pauseBytes: number }>('openDisk', true),
  'disk.hostFull': spec<{ folder: string; freeBytes: number; pauseBytes: number }>('openDisk', true),
  'disk.notShrunk': spec<{ askedBytes: number; sizeBytes: number }>(),
  'disk.growTooLarge': spec<{ askedBytes: number; maxBytes: number }>(),
  'disk.growFailed': spec<{ path: string; detail: string }>('openLogs', true),
  'disk.growLater': spec<{ path: string; detail: string }>('openLogs', true),
  'disk.busy': spec('retry', true),
  'disk.moveFolder': spec<{ folder: string; reason: NoFolderReason; detail: string }>(),
  'disk.moveNoSpace': spec<{ folder: string; neededBytes: number; availableBytes: number }>('retry', true),
  'disk.moveFailed': spec<{ folder: string; detail: string }>('retry', true),
  'disk.moveDiffers': spec<{ folder: string; detail: string }>('retry', true),
  'disk.oldKept': spec<{ path: string }>('openDisk'),
  'disk.noOld': spec<{ path: string }>(),
  'disk.pruneFailed': spec<{ names: string; detail: string }>('openDisk', true),

  'repair.busy': spec('openRepair', true),
  'repair.notConfirmed': spec<{ word: string }>('openRepair'),
  'repair.guestNotStarted': spec<{ seconds: number; detail: string }>('openRepair', true),
  'repair.guestSilent': spec<{ detail: string }>('openRepair', true),
  'repair.interrupted': spec('openRepair', true),
  'repair.memorySaved': spec<{ path: string }>('start', true),
  'repair.notUsable': spec<{ rung: string; reason: string }>('openRepair', true),
  'repair.noSpaceForCopy': spec<{ folder: string; neededBytes: number; availableBytes: number }>('openRepair', true),
  'repair.copyFailed': spec<{ path: string; detail: string }>('openRepair', true),
  'repair.fsckFailed': spec<{ path: string; status: number; detail: string }>('openRepair', true),
  'repair.diskNotOpened': spec<{ path: string; detail: string }>('openRepair', true),
  'repair.folder': spec<{ folder: string; detail: string }>('openRepair', true),
  'repair.exportFailed': spec<{ folder: string; detail: string }>('openRepair', true),
  'repair.noKeptDisk': spec<{ name: string }>('openRepair'),

  // The transport and the engine
  'ssh.hostKeyChanged': spec<{ expected: string; found: string }>('doctor'),
  'ssh.unreachable': spec<{ detail: string }>('restartVm', true),
  'engine.away': spec<{ reason: string }>('start', true),
  'engine.exited': spec<{ service: string; status: string; detail: string }>('restartEngine', true),
  'engine.gaveUp': spec<{ service: string; times: number; minutes: number; detail: string }>('restartEngine', true),
  'engine.notAnswering': spec<{ seconds: number }>('restartEngine', true),
  'engine.notFound': spec<{ kind: string; id: string; detail: string }>(),
  'engine.conflict': spec<{ detail: string }>(),
  'engine.nameTaken': spec<{ name: string; by: string; detail: string }>(),
  'engine.portTaken': spec<{ port: number; protocol: string; address: string; suggested: number; detail: string }>(),
  'engine.badReference': spec<{ reference: string; detail: string }>(),
  'engine.imageInUse': spec<{ image: string; by: string; detail: string }>(),
  'engine.pullDenied': spec<{ reference: string; detail: string }>(),
  'engine.registryUnreachable': spec<{ reference: string; detail: string }>('retry', true),
  'engine.noCommand': spec<{ command: string; detail: string }>(),
  'engine.exitedAtOnce': spec<{ name: string; exitCode: number; detail: string }>('openLogs'),
  'engine.badParameter': spec<{ detail: string }>(),
  'engine.notATar': spec<{ detail: string }>(),
  'engine.noSpace': spec<{ detail: string }>(),
  'engine.socketTaken': spec<{ path: string }>('doctor'),
  'engine.badMessage': spec<{ reason: string }>(),
  'engine.messageTooLarge': spec<{ limit: number }>(),
  'engine.failed': spec<{ status: number; detail: string }>('retry', true),
  'host.notEnforced': spec<{ reason: 'system' | 'missing' | 'failed'; detail: string }>('openLogs'),
  'host.dnsSilent': spec<{ reason: 'noServers' | 'silent' | 'guest'; detail: string }>('doctor', true),
  'ports.inUse': spec<{ port: number; protocol: string; address: string; process: string; suggested: number }>(),
  'ports.noSuchAddress': spec<{ port: number; address: string; detail: string }>('openSettings'),
  'ports.notAllowed': spec<{ port: number; address: string; detail: string }>(),
  'terminal.gone': spec<{ session: string }>(),
  'terminal.tooMany': spec<{ limit: number }>(),
  'diagnostics.gone': spec(),
  'diagnostics.notSaved': spec<{ path: string; reason: string }>(),
  'context.notWritable': spec<{ path: string; reason: string }>(),
  'context.foreign': spec<{ name: string; host: string; path: string }>(),
  'context.missing': spec<{ name: string }>(),
  'context.cliConfig': spec<{ path: string; reason: string }>('retry', true),
  'connect.socketAnswered': spec<{ path: string; engine: string; process: string }>(),
  'connect.socketClosed': spec<{ path: string; reason: string }>(),
  'connect.notASocket': spec<{ path: string }>(),
  'connect.needsRoot': spec<{ path: string; command: string }>(),
  'connect.socketLost': spec<{ path: string; engine: string; process: string }>(),
  'connect.noSystemSocket': spec(),

  // The engine's configuration: the way of a change. What a document says is below `config.` too, each at its place.
  'config.conflict': spec(),
  'config.busy': spec('retry', true),
  'config.needsAcceptance': spec<{ warnings: number; stops: number; hidesImages: number }>(),
  'config.guestEdited': spec(),
  'config.noGuestEdit': spec(),
  'config.noEntry': spec<{ id: string }>(),
  'config.refused': spec<{ key: string; detail: string }>(),
  'config.rolledBack': spec<{ key: string; detail: string }>(),
  'config.notInForce': spec<{ key: string; detail: string }>(),
  'config.rollBackFailed': spec<{ key: string; detail: string }>('openLogs'),
  'config.interrupted': spec<{ detail: string }>(),
  'config.recoveredNew': spec<{ keys: string }>(),
  'config.recoveredOld': spec<{ keys: string }>(),
  'config.waits': spec<{ keys: string }>('restartVm'),
  'config.lastGood': spec<{ key: string; detail: string }>(),
  'config.notStarted': spec<{ names: string; detail: string }>(),
  'config.corrupt': spec<{ path: string; keptAs: string; detail: string }>(),
  'config.historyCorrupt': spec<{ path: string; keptAs: string }>(),

  // What a daemon.json says: its syntax, then its values.
  'config.tooLarge': spec<{ characters: number; limit: number }>(),
  'config.empty': spec<{ line: number; column: number }>(),
  'config.byteOrderMark': spec<{ line: number; column: number }>(),
  'config.notAnObject': spec<{ found: 'null' | 'boolean' | 'number' | 'string' | 'list' | 'object'; line: number; column: number }>(),
  'config.comment': spec<{ line: number; column: number }>(),
  'config.trailingComma': spec<{ bracket: string; line: number; column: number }>(),
  'config.missingComma': spec<{ before: string; line: number; column: number }>(),
  'config.duplicateKey': spec<{ key: string; firstLine: number; line: number; column: number }>(),
  'config.quotes': spec<{ text: string; line: number; column: number }>(),
  'config.fullWidth': spec<{ found: string; wanted: string; line: number; column: number }>(),
  'config.oddSpace': spec<{ character: string; line: number; column: number }>(),
  'config.unquotedKey': spec<{ key: string; line: number; column: number }>(),
  'config.unknownWord': spec<{ word: string; line: number; column: number }>(),
  'config.badNumber': spec<{ text: string; line: number; column: number }>(),
  'config.badString': spec<{ reason: 'escape' | 'control' | 'surrogate'; text: string; line: number; column: number }>(),
  'config.unclosedString': spec<{ line: number; column: number }>(),
  'config.unclosed': spec<{ bracket: string; openLine: number; openColumn: number; line: number; column: number }>(),
  'config.unexpected': spec<{ expected: 'value' | 'key' | 'colon' | 'comma' | 'end'; found: string; line: number; column: number }>(),
  'config.unexpectedEnd': spec<{ expected: 'value' | 'colon'; line: number; column: number }>(),
  'config.tooDeep': spec<{ limit: number; line: number; column: number }>(),
  'config.wrongType': spec<{ key: string; expected: DaemonKeyType; found: 'null' | 'boolean' | 'number' | 'string' | 'list' | 'object' }>(),
  'config.outOfRange': spec<{ key: string; value: string; min: number; max: number }>(),
  'config.tooSmall': spec<{ key: string; value: string; min: number }>(),
  'config.notOneOf': spec<{ key: string; value: string; values: string }>(),
  'config.unknownKey': spec<{ key: string }>(),
  'config.unknownKeyNear': spec<{ key: string; nearest: string }>(),
  'config.ownedKey': spec<{ key: string; reason: OwnedReason }>(),
  'config.maskedValue': spec<{ key: string; mask: string }>(),
  'config.badSubnet': spec<{ key: string; value: string; family: string; example: string }>(),
  'config.badSubnetSize': spec<{ key: string; value: string; min: number; max: number }>(),
  'config.notAHostAddress': spec<{ key: string; value: string; example: string }>(),
  'config.overlaps': spec<{ key: string; value: string; network: string; subnet: string }>(),
  'config.badAddress': spec<{ key: string; value: string; family: string }>(),
  'config.notInside': spec<{ key: string; value: string; other: string; otherValue: string }>(),
  'config.excludes': spec<{ key: string; other: string }>(),
  'config.needs': spec<{ key: string; value: string; other: string; otherValue: string }>(),
  'config.missingField': spec<{ key: string; field: string }>(),
  'config.poolSize': spec<{ key: string; value: number; base: string; min: number; max: number }>(),
  'config.poolsOverlap': spec<{ key: string; value: string; other: string }>(),
  'config.notAWholeNumber': spec<{ key: string; value: string }>(),
  'config.badSize': spec<{ key: string; value: string; example: string }>(),
  'config.badDuration': spec<{ key: string; value: string; example: string }>(),
  'config.duplicateItem': spec<{ key: string; value: string }>(),
  'config.emptyItem': spec<{ key: string }>(),
  'config.space': spec<{ key: string; value: string }>(),
  'config.guestPath': spec<{ key: string; value: string }>(),
  'config.badMirror': spec<{ key: string; value: string; reason: 'scheme' | 'noScheme' | 'host' | 'port' | 'credentials' | 'query' }>(),
  'config.mirrorPath': spec<{ key: string; value: string }>(),
  'config.badRegistry': spec<{ key: string; value: string; reason: 'scheme' | 'path' | 'subnet' | 'host' | 'port' | 'credentials' }>(),
  'config.registryScheme': spec<{ key: string; value: string; bare: string }>(),
  'config.badProxy': spec<{ key: string; value: string; reason: 'scheme' | 'noScheme' | 'host' | 'port' | 'credentials' | 'query' }>(),
  'config.badNoProxy': spec<{ key: string; value: string }>(),
  'config.badDomain': spec<{ key: string; value: string }>(),
  'config.badDnsOption': spec<{ key: string; value: string }>(),
  'config.notAPair': spec<{ key: string; value: string }>(),
  'config.reservedLabel': spec<{ key: string; value: string }>(),
  'config.labelTwice': spec<{ key: string; label: string; value: string; other: string }>(),
  'config.badListenAddress': spec<{ key: string; value: string }>(),
  'config.unknownLogDriver': spec<{ key: string; value: string; values: string }>(),
  'config.unknownLogOption': spec<{ key: string; option: string; driver: string; nearest: string; values: string }>(),
  'config.badLogOption': spec<{ key: string; value: string; example: string }>(),
  'config.storageDriver': spec<{ key: string; value: string; values: string }>(),
  'config.storageOption': spec<{ key: string; value: string }>(),
  'config.reservedRuntime': spec<{ key: string }>(),
  'config.unknownRuntime': spec<{ key: string; value: string; values: string }>(),
  'config.unknownExecOption': spec<{ key: string; option: string }>(),
  'config.noSystemd': spec<{ key: string; value: string }>(),
  'config.ulimitName': spec<{ key: string; value: string; values: string }>(),
  'config.ulimitOrder': spec<{ key: string; soft: number; hard: number }>(),
  'config.swarm': spec<{ key: string }>(),
  'config.shutdownTimeout': spec<{ key: string; value: string; seconds: number }>(),
  'config.notHere': spec<{ key: string; value: string }>(),
  'config.notAbsolute': spec<{ key: string; value: string }>(),
  'config.mixedResource': spec<{ key: string; value: string; kind: string }>(),

  // Mirrors: first an address by itself, then the list, then pulls
  'mirrors.empty': spec(),
  'mirrors.placeholder': spec<{ text: string }>(),
  'mirrors.spaces': spec<{ text: string }>(),
  'mirrors.badScheme': spec<{ scheme: string }>(),
  'mirrors.credentials': spec(),
  'mirrors.badHost': spec<{ host: string }>(),
  'mirrors.badPort': spec<{ port: string }>(),
  'mirrors.path': spec<{ path: string }>(),
  'mirrors.query': spec<{ query: string }>(),
  'mirrors.fragment': spec<{ fragment: string }>(),
  'mirrors.notAMirror': spec<{ host: string }>(),
  'mirrors.duplicate': spec<{ url: string }>(),
  'mirrors.guestLoopback': spec<{ host: string }>(),
  'mirrors.plainHttp': spec<{ url: string }>(),
  'mirrors.closed': spec<{ name: string; checked: string }>(),
  'mirrors.invalid': spec<{ field: string; value: string; detail: string }>(),
  'mirrors.conflict': spec(),
  'mirrors.broken': spec<{ detail: string }>(),
  'mirrors.noneFound': spec(),
  'mirrors.notText': spec<{ detail: string }>(),
  'mirrors.presetFile': spec<{ path: string; line: number; column: number; reason: string }>(),
  'mirrors.corrupt': spec<{ path: string; keptAs: string }>(),
  'mirrors.badPrefix': spec<{ prefix: string }>(),
  'mirrors.badRegistry': spec<{ registry: string }>(),
  'mirrors.silent': spec<{ url: string; reference: string }>('switchOffMirror'),
  'mirrors.silentForBuild': spec<{ url: string }>('switchOffMirror'),
  'mirrors.silentForClient': spec<{ url: string; reference: string }>('switchOffMirror'),
  'mirrors.failing': spec<{ url: string; times: number }>('switchOffMirror'),
  'mirrors.wrongDigest': spec<{ reference: string; mirror: string; expected: string; found: string }>(),

  // Certificates and proxies
  'trust.notACertificate': spec<{ what: string }>(),
  'trust.privateKey': spec(),
  'trust.notAnAuthority': spec<{ subject: string }>(),
  'trust.expired': spec<{ subject: string; date: string }>(),
  'trust.duplicate': spec<{ subject: string }>(),
  'trust.keyMissing': spec<{ missing: 'certificate' | 'key' }>(),
  'trust.keyEncrypted': spec(),
  'trust.notAKey': spec(),
  'trust.keyMismatch': spec<{ subject: string }>(),
  'trust.badRegistry': spec<{ registry: string }>(),
  'trust.tooLarge': spec<{ sizeBytes: number; limitBytes: number }>(),
  'trust.guestRefused': spec<{ detail: string }>('openLogs', true),
  'trust.corrupt': spec<{ path: string; keptAs: string }>('openSettings'),
  'trust.badProxy': spec<{ user: string; field: 'http' | 'https'; reason: 'space' | 'scheme' | 'address' | 'path' | 'mask' }>(),
  'trust.badNoProxy': spec<{ user: string; entry: string }>(),
  'trust.cliConfig': spec<{ path: string; reason: string }>('retry', true),

  // Shared folders: what a bind asks for, then the list of folders, then their servers. `share` = the folder to share.
  'shares.notShared': spec<{ path: string; share: string }>('shareFolder', true),
  'shares.notMounted': spec<{ path: string; share: string; state: string }>('openShares', true),
  'shares.own': spec<{ path: string }>(),
  'shares.socket': spec<{ path: string }>(),
  'shares.windowsPath': spec<{ path: string }>(),
  'shares.relative': spec<{ path: string }>(),
  'shares.notFound': spec<{ path: string }>('retry', true),
  'shares.notFolder': spec<{ path: string }>(),
  'shares.reserved': spec<{ path: string }>(),
  'shares.exists': spec<{ path: string }>(),
  'shares.invalid': spec<{ path: string; reason: string }>(),
  'shares.unknown': spec<{ path: string }>(),
  'shares.inUse': spec<{ path: string; names: string }>(),
  'shares.tooMany': spec<{ limit: number }>(),
  'shares.missing': spec<{ path: string }>(),
  'shares.noSlot': spec<{ path: string }>('restartVm', true),
  'shares.fewFiles': spec<{ limit: number; wanted: number }>(),
  'shares.serverDied': spec<{ path: string; detail: string }>('retry', true),
  'shares.stuck': spec<{ path: string }>('restartVm'),
  'shares.mountFailed': spec<{ path: string; detail: string }>('retry', true),
  'shares.restartContainers': spec<{ path: string; names: string }>(),
  'shares.cameBack': spec<{ path: string }>(),
  /** Of the system's watches of files (inotify): `path` is the first folder without one. */
  'shares.watchLimit': spec<{ path: string; limit: number }>(),
  'shares.noOwners': spec<{ path: string }>(),
} as const;

export type ErrorCode = keyof typeof errorTable;
export type ErrorParams<C extends ErrorCode> = (typeof errorTable)[C] extends Spec<infer P> ? P : never;

/** An error as it crosses a transport and as `status --json` shows it. */
export interface WireError {
  readonly code: ErrorCode;
  readonly params: Readonly<Record<string, string | number>>;
}

export class BerthError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'BerthError';
  readonly params: Readonly<Record<string, string | number>>;

  constructor(
    readonly code: C,
    params: ErrorParams<C>,
    options?: { cause?: unknown },
  ) {
    super(`${code} ${JSON.stringify(params)}`, options);
    this.params = params as Readonly<Record<string, string | number>>;
  }
}

/** Unlike a bare `instanceof`, keeps the code's type. */
export function isBerthError(error: unknown): error is BerthError {
  return error instanceof BerthError;
}

/** Anything thrown -> a wire error. What is not ours becomes `internal.unexpected` with its message; stacks stay in the log. */
export function toWireError(error: unknown): WireError {
  if (isBerthError(error)) {
    return { code: error.code, params: error.params };
  }
  const detail = error instanceof Error ? error.message : String(error);
  return { code: 'internal.unexpected', params: { detail } };
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorTable, value);
}

export function fromWireError(wire: WireError): BerthError {
  return new BerthError(wire.code, wire.params as never);
}
