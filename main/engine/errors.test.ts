import { describe, expect, test } from 'vitest';
import { answerError, engineError, linkError } from './errors';

const ID = 'a1b2c3d4e5f6'.repeat(5) + 'abcd';

describe("dockerd's words", () => {
  test.each([
    [
      409,
      `Conflict. The container name "/web" is already in use by container "${ID}". You have to remove (or rename) that container to be able to reuse that name.`,
      {},
      'engine.nameTaken',
      { name: 'web', by: 'a1b2c3d4e5f6' },
    ],
    [
      500,
      'driver failed programming external connectivity on endpoint web (8ae): Bind for 0.0.0.0:8080 failed: port is already allocated',
      {},
      'engine.portTaken',
      { port: 8080, address: '0.0.0.0', protocol: 'tcp' },
    ],
    [
      500,
      'failed to set up container networking: driver failed programming external connectivity on endpoint web (8ae): failed to bind host port 127.0.0.1:53:172.17.0.2:53/udp: address already in use',
      {},
      'engine.portTaken',
      { port: 53, address: '127.0.0.1', protocol: 'udp' },
    ],
    [
      500,
      'failed to bind host port for 0.0.0.0:80:172.17.0.2:80/tcp: address already in use',
      {},
      'engine.portTaken',
      { port: 80, protocol: 'tcp' },
    ],
    [
      500,
      'Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use',
      {},
      'engine.portTaken',
      { port: 80, address: '0.0.0.0' },
    ],
    [404, 'No such container: web', { container: 'web' }, 'engine.notFound', { kind: 'container', id: 'web' }],
    [404, 'No such image: nope:latest', { image: 'nope' }, 'engine.notFound', { kind: 'image', id: 'nope:latest' }],
    [404, 'get data: no such volume', {}, 'engine.notFound', { kind: 'volume', id: 'data' }],
    [404, 'page not found', { container: 'web' }, 'engine.notFound', { kind: 'container', id: 'web' }],
    [404, 'page not found', {}, 'engine.failed', { status: 404, detail: 'page not found' }],
    [
      409,
      'conflict: unable to remove repository reference "busybox" (must force) - container 0123456789ab is using its referenced image 9876543210fe',
      { image: 'busybox' },
      'engine.imageInUse',
      { image: 'busybox', by: '0123456789ab' },
    ],
    [
      409,
      'conflict: unable to delete 9876543210fe (cannot be forced) - image is being used by running container 0123456789ab',
      { image: 'busybox' },
      'engine.imageInUse',
      { by: '0123456789ab' },
    ],
    [
      409,
      'conflict: unable to delete 9876543210fe (must be forced) - image is referenced in multiple repositories',
      { image: 'x' },
      'engine.conflict',
      {},
    ],
    [409, `container ${ID} is not running`, {}, 'engine.conflict', {}],
    [
      409,
      'cannot remove container "web": container is running: stop the container before removing or force remove',
      { container: 'web' },
      'engine.conflict',
      {},
    ],
    [
      400,
      'invalid reference format: repository name (library/Nope) must be lowercase',
      { image: 'Nope' },
      'engine.badReference',
      { reference: 'Nope' },
    ],
    [
      400,
      'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "nosuch": executable file not found in $PATH: unknown',
      {},
      'engine.noCommand',
      { command: 'nosuch' },
    ],
    [
      400,
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "/bin/zsh": stat /bin/zsh: no such file or directory: unknown',
      {},
      'engine.noCommand',
      { command: '/bin/zsh' },
    ],
    [
      404,
      "pull access denied for secret/x, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      { reference: 'secret/x' },
      'engine.pullDenied',
      { reference: 'secret/x' },
    ],
    [
      404,
      'manifest for busybox:nope not found: manifest unknown: manifest unknown',
      { reference: 'busybox:nope' },
      'engine.notFound',
      { kind: 'image', id: 'busybox:nope' },
    ],
    [
      404,
      'failed to resolve reference "localhost:5000/x:1": localhost:5000/x:1: not found',
      { reference: 'localhost:5000/x:1' },
      'engine.notFound',
      { kind: 'image' },
    ],
    [
      500,
      'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.0.2.3:53: no such host',
      { reference: 'busybox' },
      'engine.registryUnreachable',
      { reference: 'busybox' },
    ],
    [
      500,
      'Get "https://r/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded)',
      { reference: 'r/x' },
      'engine.registryUnreachable',
      {},
    ],
    [0, 'write /var/lib/docker/tmp/GetImageBlob1: no space left on device', { reference: 'x' }, 'engine.noSpace', {}],
    [400, 'invalid port specification: "x"', {}, 'engine.badParameter', {}],
    [500, 'something new', {}, 'engine.failed', { status: 500 }],
  ] as const)('%i %s', (status, detail, about, code, params) => {
    const error = engineError(status, detail, about);
    expect(error.code).toBe(code);
    expect(error.params).toMatchObject({ ...params, detail });
  });

  test('come out of JSON, or as they are', () => {
    expect(answerError(500, '{"message":"said"}').params).toEqual({ status: 500, detail: 'said' });
    expect(answerError(502, '<html>').params).toEqual({ status: 502, detail: '<html>' });
    expect(answerError(500, '').params).toEqual({ status: 500, detail: 'HTTP 500' });
  });

  test('a broken connection is an engine that is away, an abort the caller cancelling', () => {
    expect(linkError(new Error('socket hang up'))).toMatchObject({ code: 'engine.away', params: { reason: 'socket hang up' } });
    expect(linkError(new Error('aborted'), AbortSignal.abort())).toMatchObject({ code: 'rpc.cancelled' });
  });
});
