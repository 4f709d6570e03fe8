// Certificates and proxies in a real Chromium over the real backend: this computer's authorities chosen, others added and refused, a registry's own,
// proxies with their mistakes at the field and their passwords hidden.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ExecOptions } from '../../main/ssh/connection';
import { makeCertificates } from '../lab/certificates';
import type { Certificates } from '../lab/certificates';
import { openWindow } from './window';
import type { TestWindow } from './window';

let folder: string;
let lab: Certificates;
let current: TestWindow | undefined;
const before = process.env['SSL_CERT_FILE'];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-e2e-trust-'));
  lab = await makeCertificates(folder);
  // This computer's store, as OpenSSL's programs are told of it.
  process.env['SSL_CERT_FILE'] = join(folder, 'store.pem');
  await writeFile(process.env['SSL_CERT_FILE'], lab.authority + lab.middlebox);
});
afterEach(async () => {
  await current?.close();
  current = undefined;
});
afterAll(async () => {
  if (before === undefined) {
    delete process.env['SSL_CERT_FILE'];
  } else {
    process.env['SSL_CERT_FILE'] = before;
  }
  await rm(folder, { recursive: true, force: true });
});

/** A guest that brings the middlebox's authority by itself. */
async function open(section: string) {
  const guest = { given: '', registries: '' };
  const exec = (command: string | readonly string[], { stdin = '' }: ExecOptions = {}) => {
    let stdout = '';
    if (command.includes('certs.d.new')) {
      guest.registries = String(stdin);
    } else if (command.includes('sed ')) {
      guest.given = String(stdin);
    } else if (command.includes('ca-certificates.crt')) {
      stdout = `${lab.middlebox}# Given by the host\n${guest.given}-- certs.d\n${guest.registries}`;
    }
    return Promise.resolve({ stdout, stderr: '', code: 0 });
  };
  current = await openWindow({ exec });
  const { page, complaints, dockerd } = current;
  await page.evaluate((name) => {
    location.hash = `#/settings/engine/${name}`;
  }, section);
  const result = page.getByRole('region', { name: 'Putting into force' });
  return { page, complaints, guest, configuration: dockerd.configuration, result };
}

test('authorities: chosen of this computer, added, refused, taken away', async () => {
  const { page, complaints, guest, configuration, result } = await open('registries');
  const host = page.getByRole('region', { name: 'Certificate authorities of this computer' });
  const added = page.getByRole('region', { name: 'Added authorities' });
  await host.getByRole('switch', { name: 'Berth test authority' }).click({ force: true });
  expect(await host.getByRole('listitem').count()).toBe(1);
  await host.getByText('Restarts the engine; containers keep running.').waitFor();
  const starts = configuration.starts;
  await host.getByRole('button', { name: 'Apply' }).click();
  await result.getByText('In force').waitFor();
  expect(guest.given).toBe(lab.authority);
  expect(configuration.starts).toBe(starts + 1);

  const field = added.getByRole('textbox', { name: 'Add an authority' });
  await field.fill((await lab.pair('trusted')).key);
  await added.getByRole('button', { name: 'Add', exact: true }).click();
  await added.getByText('This is a private key').waitFor();
  const other = (await lab.pair('foreign')).cert.split(/(?<=-----END CERTIFICATE-----\n)/)[1] ?? '';
  await added
    .locator('input[type=file]')
    .setInputFiles({ name: 'ca.crt', mimeType: 'application/x-x509-ca-cert', buffer: Buffer.from(other) });
  await field.fill(other);
  await added.getByRole('button', { name: 'Add', exact: true }).click();
  await added.getByText('Somebody else authority').waitFor();
  await expect.poll(() => guest.given).toBe(lab.authority + other);
  await added.getByRole('button', { name: 'Remove Somebody else authority' }).click();
  await expect.poll(() => guest.given).toBe(lab.authority);
  expect(complaints).toEqual([]);
});

test('a registry’s own certificates need no restart; a wrong name stands at its field', async () => {
  const { page, complaints, guest, configuration } = await open('registries');
  const part = page.getByRole('region', { name: 'Certificates of single registries' });
  const starts = configuration.starts;
  const { cert, key } = await lab.pair('trusted');
  await part.getByRole('button', { name: 'Add a registry' }).click();
  await part.getByRole('textbox', { name: 'Registry' }).fill('no registry');
  await part.getByRole('textbox', { name: 'Client certificate' }).fill(cert);
  await part.getByRole('button', { name: 'Save' }).click();
  await part.getByText('“no registry” is no address of a registry').waitFor();
  await part.getByRole('textbox', { name: 'Registry' }).fill('https://registry.example:5000/');
  await part.getByRole('button', { name: 'Save' }).click();
  await part.getByText('The client certificate has no key').waitFor();
  await part.getByRole('textbox', { name: 'Client key' }).fill(key);
  await part.getByRole('button', { name: 'Save' }).click();
  await part.getByText('registry.example:5000', { exact: true }).waitFor();
  expect(guest.registries).toContain('file registry.example:5000/client.key\n');
  await part.getByRole('button', { name: 'Remove registry.example:5000' }).click();
  await expect.poll(() => guest.registries).toBe('');
  expect(configuration.starts).toBe(starts);
  expect(complaints).toEqual([]);
});

test('proxies: mistakes at the field, a password that is never shown, each user for itself', async () => {
  const { page, complaints, configuration, result } = await open('proxies');
  const engine = page.getByRole('form', { name: 'Engine', exact: true });
  await engine.getByText('By hand', { exact: true }).click();
  await engine.getByRole('textbox', { name: 'For HTTP', exact: true }).fill('ftp://proxy.example:21');
  await engine.getByRole('button', { name: 'Apply' }).click();
  await engine.getByText('A proxy’s address begins with http://').waitFor();
  await engine.getByRole('textbox', { name: 'For HTTP', exact: true }).fill('http://me:canary-3301@127.0.0.1:7890');
  await engine.getByRole('textbox', { name: 'Not for' }).fill('http://x');
  await engine.getByRole('button', { name: 'Apply' }).click();
  await engine.getByText('“http://x” is no host, domain or network').waitFor();
  await engine.getByRole('textbox', { name: 'Not for' }).fill('localhost .example.com');
  await engine.getByRole('button', { name: 'Apply' }).click();
  await result.getByText('In force').waitFor();
  await engine.getByText('http://***@10.0.2.2:7890').waitFor();
  await engine.getByText('10.0.2.2 is this computer').waitFor();
  expect(configuration.inForce['proxies']).toEqual({
    'http-proxy': 'http://me:canary-3301@10.0.2.2:7890',
    'no-proxy': 'localhost,.example.com',
  });
  expect(await page.content()).not.toContain('canary-3301');
  const containers = page.getByRole('form', { name: 'Containers', exact: true });
  await containers.getByText('By hand', { exact: true }).click();
  await containers.getByRole('textbox', { name: 'For HTTPS' }).fill('proxy.example:3128');
  await containers.getByRole('button', { name: 'Apply' }).click();
  await containers.getByText('http://proxy.example:3128').waitFor();
  expect(await page.getByRole('form', { name: 'Builds', exact: true }).getByText('http://proxy.example:3128').count()).toBe(0);
  expect(complaints).toEqual([]);
});
