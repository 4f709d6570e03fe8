import { expect, test } from 'vitest';
import { startRegistry } from './registry';

test('answers as a registry and leaves nothing behind', async () => {
  const registry = await startRegistry();
  const answer = await fetch(`http://127.0.0.1:${registry.port}/v2/`);
  expect(answer.headers.get('docker-distribution-api-version')).toBe('registry/2.0');
  await registry.dispose();
  await expect(fetch(`http://127.0.0.1:${registry.port}/v2/`)).rejects.toThrow();
});
