// Proxies without a guest: what may be typed, what is shown of it, each system's own words, and the docker CLI's file.
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { editCliConfig, writeCliProxies } from './cli-config';
import { createHostProxies, fromEnvironment, fromGnome, fromScutil, fromWindows } from './host-proxies';
import { checkAddresses, environmentOf, forGuest, mask, maskAddresses, noAddresses } from './proxy-rules';

const check = (http: string, kept = '', noProxy = '') =>
  checkAddresses({ ...noAddresses, http, noProxy }, { ...noAddresses, http: kept }, 'engine');
const codeOf = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    const { code, params } = error as { code: string; params: { reason?: string; entry?: string } };
    return [code, params.reason ?? params.entry];
  }
  return 'taken';
};

describe('what is typed', () => {
  test.each([
    ['proxy.example:3128', 'http://proxy.example:3128'],
    [' https://proxy.example:8443/ ', 'https://proxy.example:8443'],
    ['socks5://10.1.2.3:1080', 'socks5://10.1.2.3:1080'],
    ['http://me:p%40ss@proxy.example:3128', 'http://me:p%40ss@proxy.example:3128'],
    ['http://[fd00::1]:3128', 'http://[fd00::1]:3128'],
    ['', ''],
  ])('%j is kept as %j', (given, kept) => {
    expect(check(given).http).toBe(kept);
  });

  test.each([
    ['http://pro xy:1', 'space'],
    ['http://proxy\u0007:1', 'space'],
    ['ftp://proxy:21', 'scheme'],
    ['http://', 'address'],
    ['http://:3128', 'address'],
    ['http://proxy:99999', 'address'],
    ['http://proxy:0', 'address'],
    ['http://proxy:3128/path', 'path'],
    ['http://proxy:3128?x', 'path'],
    ['http://***@proxy:3128', 'mask'],
  ])('%j is refused: %s', (given, reason) => {
    expect(codeOf(() => check(given))).toEqual(['trust.badProxy', reason]);
  });

  test('a masked address means the credentials that are kept, also at another port', () => {
    const kept = 'http://me:secret@proxy.example:3128';
    expect(check('http://***@proxy.example:3128', kept).http).toBe(kept);
    expect(check('http://***@proxy.example:8080', kept).http).toBe('http://me:secret@proxy.example:8080');
  });

  test('exceptions: any separator, and each entry is checked', () => {
    expect(check('', '', 'localhost, .example.com;10.0.0.0/8\n*.corp  [::1]:5000 fd00::/8').noProxy).toBe(
      'localhost,.example.com,10.0.0.0/8,*.corp,[::1]:5000,fd00::/8',
    );
    for (const bad of ['http://x', '<local>', 'a/b', '-x', 'a..b', '10.0.0.0/8/9']) {
      expect(codeOf(() => check('', '', `ok,${bad}`))).toEqual(['trust.badNoProxy', bad]);
    }
  });
});

test('credentials are masked on the way out, in whatever is given', () => {
  expect(mask('http://me:secret@proxy:1')).toBe('http://***@proxy:1');
  expect(mask('me:sec@ret@proxy:1')).toBe('***@proxy:1');
  expect(mask('http://proxy:1')).toBe('http://proxy:1');
  const shown = maskAddresses({ http: 'http://a:secret@b', https: 'socks5://secret@b:1', noProxy: 'x' });
  expect(JSON.stringify(shown)).not.toContain('secret');
});

test('a proxy on this computer gets the name that the guest has for it', () => {
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '127.1.2.3', '0.0.0.0']) {
    expect(forGuest({ ...noAddresses, http: `http://u:p@${host}:7890` }).http).toBe('http://u:p@10.0.2.2:7890');
  }
  expect(forGuest({ ...noAddresses, https: 'http://proxy.example:1' }).https).toBe('http://proxy.example:1');
});

test('the environment has both cases, and nothing where there is no proxy', () => {
  expect(environmentOf({ http: 'http://p:1', https: '', noProxy: 'x' })).toEqual([
    'HTTP_PROXY=http://p:1',
    'http_proxy=http://p:1',
    'NO_PROXY=x',
    'no_proxy=x',
  ]);
  expect(environmentOf({ http: '', https: '', noProxy: 'x' })).toEqual([]);
});

describe('of this computer', () => {
  test('the environment, both cases; all_proxy stands in', () => {
    expect(fromEnvironment({ HTTP_PROXY: 'http://a:1', https_proxy: 'http://b:2', NO_PROXY: 'x, y' })).toEqual({
      source: 'environment',
      http: 'http://a:1',
      https: 'http://b:2',
      noProxy: 'x,y',
    });
    expect(fromEnvironment({ all_proxy: 'socks5://c:3' })).toMatchObject({ http: 'socks5://c:3', https: 'socks5://c:3' });
    expect(fromEnvironment({ no_proxy: 'x' })).toBeUndefined();
  });

  test('GNOME, as gsettings prints it', () => {
    const gnome = (mode: string) => `org.gnome.system.proxy autoconfig-url 'http://wpad/proxy.pac'
org.gnome.system.proxy ignore-hosts ['localhost', '127.0.0.0/8', '::1', '10.*']
org.gnome.system.proxy mode '${mode}'
org.gnome.system.proxy use-same-proxy true
org.gnome.system.proxy.ftp host ''
org.gnome.system.proxy.ftp port 0
org.gnome.system.proxy.http authentication-password 's@cret'
org.gnome.system.proxy.http authentication-user 'me'
org.gnome.system.proxy.http enabled false
org.gnome.system.proxy.http host 'proxy.example'
org.gnome.system.proxy.http port 8080
org.gnome.system.proxy.http use-authentication true
org.gnome.system.proxy.https host ''
org.gnome.system.proxy.https port 0
org.gnome.system.proxy.socks host '127.0.0.1'
org.gnome.system.proxy.socks port 7891
`;
    expect(fromGnome(gnome('manual'))).toEqual({
      source: 'gnome',
      http: 'http://me:s%40cret@proxy.example:8080',
      https: 'socks5://127.0.0.1:7891',
      noProxy: 'localhost,127.0.0.0/8,::1,10.0.0.0/8',
    });
    expect(fromGnome(gnome('auto'))).toMatchObject({ source: 'gnome', http: '', pac: 'http://wpad/proxy.pac' });
    expect(fromGnome(gnome('none'))).toMatchObject({ source: 'none', http: '', https: '' });
  });

  test('macOS, as scutil prints it', () => {
    const words = `<dictionary> {
  ExceptionsList : <array> {
    0 : *.local
    1 : 169.254/16
  }
  FTPPassive : 1
  HTTPEnable : 1
  HTTPPort : 7890
  HTTPProxy : 127.0.0.1
  HTTPSEnable : 0
  HTTPSPort : 7890
  HTTPSProxy : 127.0.0.1
  ProxyAutoConfigEnable : 0
  SOCKSEnable : 0
}
`;
    expect(fromScutil(words)).toEqual({ source: 'macos', http: 'http://127.0.0.1:7890', https: '', noProxy: '*.local,169.254.0.0/16' });
    const pac = words
      .replace('HTTPEnable : 1', 'HTTPEnable : 0')
      .replace('ProxyAutoConfigEnable : 0', 'ProxyAutoConfigEnable : 1\n  ProxyAutoConfigURLString : http://wpad/x.pac');
    expect(fromScutil(pac)).toMatchObject({ source: 'macos', http: '', pac: 'http://wpad/x.pac' });
    expect(fromScutil('<dictionary> {\n}\n').source).toBe('none');
  });

  test('Windows, as reg prints it', () => {
    const words = (enabled: string, server: string) =>
      `\r\nHKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\r\n    ProxyEnable    REG_DWORD    ${enabled}\r\n    ProxyServer    REG_SZ    ${server}\r\n    ProxyOverride    REG_SZ    localhost;192.168.*;*.corp.example;<local>\r\n\r\n`;
    expect(fromWindows(words('0x1', '127.0.0.1:7890'))).toEqual({
      source: 'windows',
      http: 'http://127.0.0.1:7890',
      https: 'http://127.0.0.1:7890',
      noProxy: 'localhost,192.168.0.0/16,*.corp.example',
    });
    expect(fromWindows(words('0x1', 'http=a:1;https=b:2;socks=c:3'))).toMatchObject({ http: 'http://a:1', https: 'http://b:2' });
    expect(fromWindows(words('0x1', 'socks=c:3'))).toMatchObject({ http: 'socks5://c:3', https: 'socks5://c:3' });
    expect(fromWindows(words('0x0', 'a:1'))).toMatchObject({ source: 'none', http: '' });
  });

  test('the environment comes first, and a desktop that does not answer is none', async () => {
    const broken = () => Promise.reject(new Error('no such program'));
    const read = (platform: NodeJS.Platform, env: NodeJS.ProcessEnv) => createHostProxies({ platform, env, command: broken }).read();
    expect(await read('darwin', { http_proxy: 'http://a:1' })).toMatchObject({ source: 'environment' });
    expect(await read('darwin', {})).toMatchObject({ source: 'none', http: '' });
    expect(await read('linux', { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' })).toMatchObject({ source: 'none' });
  });
});

describe('the docker CLI’s file', () => {
  const host = 'unix:///home/me/.berth/run/docker.sock';
  const proxies = { http: 'http://p:1', https: 'http://p:2', noProxy: 'x' };
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-cli-config-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const write = (addresses = proxies) => writeCliProxies({ DOCKER_CONFIG: folder }, host, addresses);
  const path = () => join(folder, 'config.json');

  test('only our entry changes; it goes as it came, byte for byte', () => {
    const text =
      '{\n\t"auths": {"b":{"auth":"eA=="}},\n\t"proxies": {\n\t\t"default": {\n\t\t\t"httpProxy": "http://other"\n\t\t}\n\t},\n\t"x" : [1,  2]\n}\n';
    const edited = editCliConfig(text, host, proxies);
    expect(JSON.parse(edited)).toEqual({
      ...(JSON.parse(text) as object),
      proxies: { default: { httpProxy: 'http://other' }, [host]: { httpProxy: 'http://p:1', httpsProxy: 'http://p:2', noProxy: 'x' } },
    });
    expect(edited).toContain('"x" : [1,  2]');
    expect(editCliConfig(edited, host, proxies)).toBe(edited);
    expect(editCliConfig(edited, host, noAddresses)).toBe(text);
    const plain = '{\n  "currentContext": "berth"\n}\n';
    expect(editCliConfig(editCliConfig(plain, host, proxies), host, noAddresses)).toBe(plain);
  });

  test.each(['{', '[]', '{"proxies": 3}', '{"a": 1,}', 'null', '// hello\n{}'])('%j is left alone', async (text) => {
    await writeFile(path(), text);
    await expect(write()).rejects.toMatchObject({
      code: 'trust.cliConfig',
      params: { reason: expect.stringMatching(/^(no JSON|not a configuration of the docker CLI)$/) as string },
    });
    expect(await readFile(path(), 'utf8')).toBe(text);
    expect(await readdir(folder)).toEqual(['config.json']);
  });

  test('the file before the first edit is kept, a link stays a link, credentials make it private', async () => {
    await mkdir(join(folder, 'dotfiles'));
    const real = join(folder, 'dotfiles/docker.json');
    await writeFile(real, '{"a":1}', { mode: 0o644 });
    await symlink(real, path());
    await write();
    expect((await stat(real)).mode & 0o777).toBe(0o644);
    await write({ ...proxies, http: 'http://me:secret@p:1' });
    expect((await stat(real)).mode & 0o777).toBe(0o600);
    expect(await readFile(`${real}.before-berth`, 'utf8')).toBe('{"a":1}');
    expect(JSON.parse(await readFile(path(), 'utf8'))).toMatchObject({ a: 1, proxies: { [host]: { httpProxy: 'http://me:secret@p:1' } } });
  });

  test('no file is made for nothing', async () => {
    await write(noAddresses);
    expect(await readdir(folder)).toEqual([]);
    await write();
    expect((await stat(path())).mode & 0o777).toBe(0o600);
  });
});
