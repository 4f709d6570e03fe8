import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { envLines, shellNamed } from './env';

const names = ['plain', 'with space', "it's", 'comma,dash-', '中文', '-leading', '$HOME', '`x`', '"q"', 'a;b', 'a\\b', 'a%b', '!x', '*'];

describe('what berth env prints', () => {
  it.each(names)('is read back by sh as it was: %s', (name) => {
    const lines = envLines({ dockerHost: `unix:///home/${name}/docker.sock`, dockerCliFolder: `/opt/${name}/bin` }, 'sh');
    const shown = execFileSync('sh', ['-c', `${lines.join('\n')}\nprintf '%s|%s' "$DOCKER_HOST" "$PATH"`], {
      env: { PATH: '/usr/bin:/bin' },
    }).toString();
    expect(shown).toBe(`unix:///home/${name}/docker.sock|/usr/bin:/bin:/opt/${name}/bin`);
  });

  it('is what the other shells take', () => {
    const facts = { dockerHost: "unix:///a'b", dockerCliFolder: undefined };
    expect(envLines(facts, 'fish')).toEqual(["set -gx DOCKER_HOST 'unix:///a\\'b'"]);
    expect(envLines(facts, 'powershell')).toEqual(["$Env:DOCKER_HOST = 'unix:///a''b'"]);
    expect(envLines(facts, 'cmd')).toEqual(["SET DOCKER_HOST=unix:///a'b"]);
  });

  it.each(names)('is read back from a .env file as it was: %s', (name) => {
    const [line = ''] = envLines({ dockerHost: `unix:///home/${name}/docker.sock`, dockerCliFolder: '/opt' }, 'dotenv');
    // A shell reads a subset of what such files may hold; these are in it.
    const shown = execFileSync('sh', ['-c', `${line}\nprintf %s "$DOCKER_HOST"`], { env: {} }).toString();
    expect(shown).toBe(`unix:///home/${name}/docker.sock`);
  });

  it('knows shells by their usual names', () => {
    expect(['bash', 'zsh', 'pwsh', '.env', 'fish'].map(shellNamed)).toEqual(['sh', 'sh', 'powershell', 'dotenv', 'fish']);
    expect(shellNamed('toString')).toBeUndefined();
  });
});
