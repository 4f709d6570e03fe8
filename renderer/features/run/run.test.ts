import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { containerSummary } from '../../../test/fakes/container-summary';
import { checkForm, proposedPort } from './check';
import { emptyForm, readHostPort, toSpec } from './form';
import { parseRunLine } from './parse-line';
import { runLine, runText } from './run-line';
import { joinWords, splitWords } from './words';
import type { ContainerSummary } from '../../../preload/contract';
import type { RunForm } from './form';

const container = (part: Partial<ContainerSummary>): ContainerSummary => containerSummary({ name: 'db-1', image: 'postgres', ...part });
function errorsOf(form: Partial<RunForm>, containers: readonly ContainerSummary[] = []): readonly string[] {
  return checkForm({ ...emptyForm, image: 'nginx', ...form }, containers).map((error) => `${error.field} ${error.key}`);
}
const port = (host: string, inside: string, key = 1) => ({ key, host, container: inside, protocol: 'tcp' as const });

describe('words', () => {
  test('quotes, escapes and continued lines', () => {
    expect(splitWords(`sh -c 'echo "a b"' "x \\" y" z\\ z \\\n  last ''`).words).toEqual([
      'sh',
      '-c',
      'echo "a b"',
      'x " y',
      'z z',
      'last',
      '',
    ]);
    expect(splitWords('a "b').unclosed).toBe('"');
  });
  test('what is joined splits into the same words', () => {
    fc.assert(
      fc.property(fc.array(fc.string().filter((word) => !/[\\`^]\r?\n/.test(word))), (words) => {
        const line = joinWords(words);
        // A trailing backslash inside quotes before a newline is a continuation in no shell; the filter above leaves it out.
        fc.pre(!/[\\`^]\r?\n/.test(line));
        expect(splitWords(line).words).toEqual(words);
      }),
    );
  });
});

describe('a pasted line', () => {
  test('fills the form and names what it does not know', () => {
    const parsed = parseRunLine(`$ docker run -d --name pg-dev -p 5432:5432 -p 127.0.0.1:53:53/udp -v pgdata:/var/lib/postgresql:ro \\
      -e POSTGRES_PASSWORD='a b' --env=TZ=Asia/Shanghai --network shop_default --memory=512m -v /srv:/srv --restart unless-stopped postgres:18 -c 'max_connections=9'`);
    expect(parsed.problem).toBeUndefined();
    expect(toSpec(parsed.form)).toMatchObject({
      image: 'postgres:18',
      name: 'pg-dev',
      command: ['-c', 'max_connections=9'],
      ports: [
        { hostPort: 5432, containerPort: 5432, protocol: 'tcp' },
        { hostAddress: '127.0.0.1', hostPort: 53, containerPort: 53, protocol: 'udp' },
      ],
      env: [
        { name: 'POSTGRES_PASSWORD', value: 'a b' },
        { name: 'TZ', value: 'Asia/Shanghai' },
      ],
      binds: [{ source: '/srv', path: '/srv', readOnly: false }],
      volumes: [{ volume: 'pgdata', path: '/var/lib/postgresql', readOnly: true }],
      restart: 'unless-stopped',
    });
    expect(parsed.unknown).toEqual(['--network shop_default', '--memory 512m']);
  });
  test('joined short flags, ranges, mounts', () => {
    const { form, unknown } = parseRunLine(
      'docker container run -itp 8000-8002:80-82 --rm --mount type=volume,src=v,dst=/d,readonly --mount type=bind,src=/s:t,dst=/e -u0 --gpus all alpine sh',
    );
    expect(form).toMatchObject({ interactive: true, tty: true, autoRemove: true, image: 'alpine', command: 'sh' });
    expect(form.ports.map((row) => `${row.host}:${row.container}`)).toEqual(['8000:80', '8001:81', '8002:82']);
    expect(form.volumes).toMatchObject([
      { volume: 'v', path: '/d', readOnly: true },
      { volume: '/s:t', path: '/e', readOnly: false },
    ]);
    expect(runText(form)).toContain('-v v:/d:ro --mount type=bind,source=/s:t,target=/e');
    expect(unknown).toEqual(['--user 0', '--gpus all']);
  });
  test('what is no run line says so', () => {
    expect(parseRunLine('npm start').problem).toBe('notRun');
    expect(parseRunLine('docker ps').problem).toBe('notRun');
    expect(parseRunLine('docker run -d').problem).toBe('noImage');
    expect(parseRunLine('docker run "x').problem).toBe('unclosedQuote');
  });
  test('a line built from the form comes back as the form', () => {
    const form: RunForm = {
      ...emptyForm,
      image: 'nginx:1.29',
      name: 'web',
      command: "sh -c 'sleep 1'",
      restart: 'always',
      interactive: true,
      ports: [port('8080', '80'), port('', '443', 2), port('127.0.0.1:', '90', 3)],
      env: [{ key: 1, name: 'A', value: "it's" }],
      volumes: [{ key: 1, volume: 'v', path: '/a b', readOnly: false }],
    };
    expect(toSpec(parseRunLine(runText(form)).form)).toEqual(toSpec(form));
  });
  test('passwords are marked', () => {
    const parts = runLine({
      ...emptyForm,
      image: 'x',
      env: [
        { key: 1, name: 'DB_PASSWORD', value: 's' },
        { key: 2, name: 'TZ', value: 'u' },
      ],
    });
    expect(parts.filter((part) => part.secret).map((part) => part.value)).toEqual(['DB_PASSWORD=s']);
  });
});

describe('checks', () => {
  test('a port of a running container, with the next free one', () => {
    const db = container({ ports: [{ containerPort: 5432, protocol: 'tcp', hostPort: 5432, hostAddress: '127.0.0.1' }] });
    const [error] = checkForm({ ...emptyForm, image: 'postgres', ports: [port('5432', '5432'), port('5433', '1', 2)] }, [db]);
    expect(error).toMatchObject({ field: 'ports.1.host', key: 'portTaken', params: { port: 5432, name: 'db-1' }, fix: { value: '5434' } });
    expect(errorsOf({ ports: [port('5432', '5432')] }, [{ ...db, state: 'exited' }])).toEqual([]);
    expect(errorsOf({ ports: [port('127.0.0.2:5432', '5432')] }, [db])).toEqual([]);
  });
  test('another free port for one that a program of this machine has, in the row that asked for it', () => {
    const form = { ...emptyForm, ports: [port('80', '80'), port('127.0.0.1:5432', '5432', 2)] };
    const taken = { port: 5432, protocol: 'tcp', address: '127.0.0.1', suggested: 5433, detail: '' };
    expect(proposedPort(form, { code: 'engine.portTaken', params: taken })).toEqual({ field: 'ports.2.host', value: '127.0.0.1:5433' });
    expect(proposedPort(form, { code: 'engine.portTaken', params: { ...taken, suggested: 0 } })).toBeUndefined();
    expect(proposedPort(form, { code: 'engine.portTaken', params: { ...taken, port: 5433 } })).toBeUndefined();
  });
  test('shapes and doubles', () => {
    expect(errorsOf({ ports: [port('70000', '80'), port('80', '0', 2), port('x', '80', 3), port('90', '', 4)] })).toEqual([
      'ports.1.host portRange',
      'ports.2.container portRange',
      'ports.3.host hostPortShape',
      'ports.4.container containerPortMissing',
    ]);
    expect(errorsOf({ ports: [port('80', '80'), port('80', '81', 2)] })).toEqual(['ports.2.host portTwice']);
    expect(errorsOf({ image: 'Nginx' })).toEqual(['image imageShape']);
    expect(errorsOf({ name: 'db-1' }, [container({})])).toEqual(['name nameTaken']);
    expect(errorsOf({ command: 'echo "' })).toEqual(['command unclosedQuote']);
    expect(errorsOf({ autoRemove: true, restart: 'always' })).toEqual(['restart restartWithAutoRemove']);
    expect(errorsOf({ volumes: [{ key: 1, volume: '~/srv', path: 'data', readOnly: false }] })).toEqual([
      'volumes.1.volume hostPath',
      'volumes.1.path pathAbsolute',
    ]);
    expect(errorsOf({ env: [{ key: 1, name: '', value: 'x' }] })).toEqual(['env.1.name envNameMissing']);
  });
  test('references as registries write them', () => {
    for (const image of ['nginx', 'localhost:5000/shop-api:2.8.0', 'ghcr.io/a/b_c-d:x', 'a@sha256:' + 'a'.repeat(64), 'deadbeefdead']) {
      expect(errorsOf({ image })).toEqual([]);
    }
  });
  test('host ports', () => {
    expect(readHostPort('[::1]:80')).toEqual({ address: '::1', port: 80 });
    expect(readHostPort('')).toEqual({});
    expect(readHostPort('a:80')).toBeUndefined();
  });
});
