import { expect, test } from 'vitest';
import { contextCommands, quote, shellCommands } from './commands';

test('a plain path stays plain', () => {
  expect(shellCommands('sh', 'unix:///root/.berth/run/docker.sock')).toContain('export DOCKER_HOST=unix:///root/.berth/run/docker.sock');
  expect(shellCommands('powershell', 'unix:///a/docker.sock')).toContain("$env:DOCKER_HOST = 'unix:///a/docker.sock'");
});

test('what a shell would read in a path is quoted by that shell’s own rules', () => {
  expect(quote('sh', `unix:///home/o'brien/$HOME/泊位 a/docker.sock`)).toBe(`'unix:///home/o'\\''brien/$HOME/泊位 a/docker.sock'`);
  expect(quote('fish', "a'b\\c d")).toBe("'a\\'b\\\\c d'");
  expect(quote('powershell', "a'b c")).toBe("'a''b c'");
});

test('the context is named as long as it is not selected, and not offered when there is none', () => {
  expect(contextCommands({ context: 'selected', contextName: 'berth' })).toEqual(['docker ps']);
  expect(contextCommands({ context: 'present', contextName: 'berth' })).toEqual(['docker --context berth ps', 'docker context use berth']);
  expect(contextCommands({ context: 'none', contextName: 'berth' })).toEqual([]);
});
