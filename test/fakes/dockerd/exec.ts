// exec of the fake engine: create, start (hijacked), resize, inspect. Programs are functions; the default ones are tiny shells.
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { frame, readJson, Refusal, reply, send, type Exchange, type Route } from './http';
import { fakeId, type FakeContainer, type Model } from './model';

export interface ProgramContext {
  readonly argv: readonly string[];
  readonly container: FakeContainer;
  readonly gone: AbortSignal;
  /** Resolves when the far end has room again. */
  write(bytes: Uint8Array | string): Promise<void>;
  /** The next input; undefined at its end. */
  read(): Promise<Buffer | undefined>;
  size(): readonly [cols: number, rows: number];
}

/** Resolves with the exit code. */
export type Program = (context: ProgramContext) => Promise<number>;

interface Exec {
  readonly id: string;
  readonly container: FakeContainer;
  readonly argv: readonly string[];
  readonly tty: boolean;
  readonly user: string;
  size: [number, number];
  running: boolean;
  started: boolean;
  exitCode: number | null;
}

/** Lines in, answers out: `exit N`, `size`, `flood BYTES` (prints a known pattern), `whoami`; Ctrl-C and Ctrl-D as a shell takes them. */
export async function fakeShell(context: ProgramContext): Promise<number> {
  const prompt = `${context.container.name}:/# `;
  let line = '';
  await context.write(prompt);
  for (;;) {
    const input = await context.read();
    if (input === undefined) {
      return 0;
    }
    for (const key of input.toString()) {
      if (key === '\u0004' && line === '') {
        await context.write('exit\r\n');
        return 0;
      }
      if (key === '\u0003') {
        line = '';
        await context.write(`^C\r\n${prompt}`);
      } else if (key === '\r' || key === '\n') {
        await context.write('\r\n');
        const [name, argument] = line.trim().split(/\s+/);
        line = '';
        if (name === 'exit') {
          return Number(argument ?? 0);
        }
        if (name === 'flood') {
          await flood(context, Number(argument ?? 0));
        } else if (name === 'size') {
          await context.write(`${context.size().join('x')}\r\n`);
        } else if (name !== undefined && name !== '') {
          await context.write(`sh: ${name}: not found\r\n`);
        }
        await context.write(prompt);
      } else {
        line += key;
        await context.write(key);
      }
    }
  }
}

/** The bytes of `flood`, so that a reader can compare a checksum. */
export function floodPattern(offset: number, length: number): Buffer {
  const block = createHash('sha256').update('berth').digest();
  return Buffer.from(Uint8Array.from({ length }, (_, index) => 32 + ((block[(offset + index) % 32] ?? 0) % 95)));
}

async function flood(context: ProgramContext, total: number): Promise<void> {
  const whole = floodPattern(0, 65_536);
  for (let sent = 0; sent < total; sent += whole.length) {
    await context.write(whole.subarray(0, Math.min(whole.length, total - sent)));
  }
}

export function createExecs(model: Model, programs: Map<string, Program>) {
  const execs = new Map<string, Exec>();

  function found(key: string): Exec {
    const exec = execs.get(key);
    if (exec === undefined) {
      throw new Refusal(404, `No such exec instance: ${key}`);
    }
    return exec;
  }

  async function create({ request, response, match }: Exchange): Promise<void> {
    const container = model.findContainer(match[0] ?? '');
    if (container === undefined) {
      throw new Refusal(404, `No such container: ${match[0]}`);
    }
    if (container.state !== 'running') {
      throw new Refusal(409, `container ${container.id} is not running`);
    }
    const body = await readJson(request);
    const [rows, cols] = (body['ConsoleSize'] as [number, number] | undefined) ?? [24, 80];
    const id = fakeId(`exec ${execs.size}`);
    execs.set(id, {
      id,
      container,
      argv: body['Cmd'] as string[],
      tty: body['Tty'] === true,
      user: typeof body['User'] === 'string' ? body['User'] : '',
      size: [cols, rows],
      running: false,
      started: false,
      exitCode: null,
    });
    model.emitContainer(container, `exec_create: ${(body['Cmd'] as string[]).join(' ')}`, { execID: id });
    reply(response, 201, { Id: id });
  }

  async function start({ request, match }: Exchange, socket: Socket, early: Buffer): Promise<void> {
    const exec = found(match[0] ?? '');
    const gone = new AbortController();
    const input: Buffer[] = [];
    let wake: () => void = () => undefined;
    let ended = false;
    const take = (chunk: Buffer): void => {
      input.push(chunk);
      wake();
    };
    // The request's JSON body comes before the hijacked bytes; its length is known.
    let pending = Number(request.headers['content-length'] ?? 0);
    const skipBody = (chunk: Buffer): void => {
      const skipped = Math.min(pending, chunk.length);
      pending -= skipped;
      if (chunk.length > skipped) {
        take(chunk.subarray(skipped));
      }
    };
    skipBody(early);
    socket.on('data', skipBody);
    const finish = (): void => {
      ended = true;
      wake();
    };
    socket.on('end', finish);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      finish();
      gone.abort();
    });
    socket.write(
      `HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.${exec.tty ? 'raw' : 'multiplexed'}-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
    );
    const write = (bytes: Uint8Array | string): Promise<void> =>
      send(socket, exec.tty ? bytes : frame('stdout', Buffer.from(bytes)), gone.signal);
    async function read(): Promise<Buffer | undefined> {
      while (input.length === 0 && !ended) {
        await new Promise<void>((resolve) => (wake = resolve));
      }
      return input.shift();
    }

    exec.started = true;
    exec.running = true;
    const name = exec.argv[0] ?? '';
    const base = name.split('/').at(-1) ?? '';
    const program = programs.get(name) ?? (exec.container.shells.includes(base) ? fakeShell : undefined);
    if (program === undefined) {
      exec.exitCode = 127;
      await write(
        `OCI runtime exec failed: exec failed: unable to start container process: exec: "${name}": ${name.startsWith('/') ? `stat ${name}: no such file or directory` : 'executable file not found in $PATH'}: unknown\r\n`,
      ).catch(() => undefined);
    } else {
      model.emitContainer(exec.container, `exec_start: ${exec.argv.join(' ')}`, { execID: exec.id });
      exec.exitCode = await program({
        argv: exec.argv,
        container: exec.container,
        gone: gone.signal,
        write,
        read,
        size: () => exec.size,
      }).catch(() => 129);
    }
    exec.running = false;
    model.emitContainer(exec.container, 'exec_die', { execID: exec.id, exitCode: String(exec.exitCode) });
    socket.end();
  }

  function resize({ match, query, response }: Exchange): void {
    found(match[0] ?? '').size = [Number(query.get('w')), Number(query.get('h'))];
    reply(response, 200);
  }

  function inspect({ match, response }: Exchange): void {
    const exec = found(match[0] ?? '');
    reply(response, 200, {
      ID: exec.id,
      Running: exec.running,
      ExitCode: exec.exitCode,
      Pid: exec.started && exec.exitCode === null ? 4242 : 0,
      ContainerID: exec.container.id,
      ProcessConfig: { entrypoint: exec.argv[0], arguments: exec.argv.slice(1), user: exec.user, tty: exec.tty },
    });
  }

  const routes: Route[] = [
    ['POST', /^\/containers\/([^/]+)\/exec$/, create],
    ['POST', /^\/exec\/([^/]+)\/resize$/, resize],
    ['GET', /^\/exec\/([^/]+)\/json$/, inspect],
  ];
  return { execs: execs as ReadonlyMap<string, Exec>, routes, start };
}
