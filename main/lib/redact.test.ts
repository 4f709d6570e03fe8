import { describe, expect, test } from 'vitest';
import { redact, redactJson } from './redact';

const S = 'cAnary4711';

/** One secret in every form in which it was seen in logs, commands, headers and files. */
const canaries: readonly string[] = [
  `proxy http://user:${S}@proxy:8080/`,
  `proxy http://${S}@proxy:8080/`,
  `HTTPS_PROXY=http://us:er:${S}@@proxy:8080`,
  `http://user:${S}/with/slash@proxy:8080/`,
  `HTTP_PROXY=user:${S}@proxy:8080`,
  `{"https":"user:${S}@proxy:8080"}`,
  `next=http%3A%2F%2Fuser%3A${S}%40proxy`,
  `http://127.0.0.1:4000/#code=${S}`,
  `https://s3/x?X-Amz-Signature=${S}&a=1`,
  `?token=${S}&x=1`,
  `{"X-Registry-Auth":"${S}=="}`,
  `X-Registry-Config: ${S}`,
  `Authorization: Bearer ${S}`,
  `Authorization: Digest username="u", response="${S}"`,
  `Proxy-Authorization: Basic ${S}==`,
  `map[Authorization:[Basic ${S}] Host:[x]]`,
  `Set-Cookie: sid=${S}; Path=/`,
  `curl -H 'Bearer ${S}'`,
  `{"auths":{"reg:5000":{"auth":"${S}"}}}`,
  `{"password":"${S}","username":"u"}`,
  `{"password": "with \\" quote ${S}"}`,
  `{"password": "two words ${S}"}`,
  JSON.stringify({ msg: JSON.stringify({ identitytoken: `a ${S}` }) }),
  JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ registrytoken: `a b ${S}` }) }) }),
  `POSTGRES_PASSWORD=${S}`,
  `-e MYSQL_PWD=${S} mysql`,
  `AWS_SECRET_ACCESS_KEY=${S}`,
  `--build-arg NPM_TOKEN=${S}`,
  `docker login --password ${S} reg`,
  `--registry-token ${S}`,
  `apiKey: ${S}`,
  `"db_pass" : '${S}'`,
  `AccountName=x;AccountKey=${S}`,
  `ghp_${S}${S}`,
  `dckr_pat_${S}-${S}`,
  `eyJhbGciOiJIUzI1NiJ9.eyJzdWIi${S}.sig`,
  `SWMTKN-1-${S}-x`,
  `-----BEGIN OPENSSH PRIVATE KEY-----\n${S}\n-----END OPENSSH PRIVATE KEY-----`,
  `-----BEGIN EC PRIVATE KEY-----\\n${S} cut short`,
  `tail begins here ${S}${S}${S}\n${S}${S}${S}==\n-----END RSA PRIVATE KEY-----\nnext line`,
];

test.each(canaries)('%j keeps no secret', (text) => {
  expect(redact(text)).not.toContain(S);
  expect(redact(JSON.stringify({ level: 30, msg: text }))).not.toContain(S);
  // What went through once does not come back to life, and nothing is taken twice.
  expect(redact(redact(text))).not.toContain(S);
});

describe('what is no secret stays', () => {
  test.each([
    'pull http://registry:5000/v2/ took 3 s, port 127.0.0.1:40001, user@host',
    'https://registry.npmjs.org/@scope/name/-/name-1.tgz',
    'passt 0.4 started, bypass=3, passed: 12',
    'basic authentication is off, bearer of news',
    'PWD=/home/user/project',
    'the key of the host: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5',
    '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
    'sha256:6a92cd1fcdc8d8cdec60f33dda4db2cb1fcdcacf3410a8e05b3741f44a9b5998',
  ])('%j', (text) => {
    expect(redact(text)).toBe(text);
  });

  test('what follows a secret on the same line', () => {
    expect(redact('{"password":"x","image":"nginx"}')).toBe('{"password":"[redacted]","image":"nginx"}');
    expect(redact('token=abc status=200')).toBe('token=[redacted] status=200');
  });
});

test('data: names decide, whatever is below them', () => {
  const given = { registry: { tokens: [S, { deep: S }], url: `http://u:${S}@r/` }, Env: [`API_KEY=${S}`], 'splunk-token': S, on: true };
  expect(redactJson(given)).toEqual({
    registry: { tokens: '[redacted]', url: 'http://[redacted]@r/' },
    Env: ['API_KEY=[redacted]'],
    'splunk-token': '[redacted]',
    on: true,
  });
});

test('a long line costs a moment', () => {
  const startedAt = performance.now();
  redact('a'.repeat(2_000_000));
  redact('password=x '.repeat(100_000));
  redact('QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo='.repeat(50_000));
  redact('://'.repeat(100_000));
  // Quadratic would be minutes.
  expect(performance.now() - startedAt).toBeLessThan(20_000);
});
