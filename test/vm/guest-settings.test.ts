// What systemd does silently on other systems and the guest's own init does here: a line of vm/guest/mounts.c, a test.
import { describe, expect, test } from 'vitest';
import { useVm } from './harness';

const box = useVm();

const sh = async (command: string): Promise<string> => {
  const { stdout, stderr, code } = await box().exec(command);
  expect(stderr + (code === 0 ? '' : `exit ${code}`)).toBe('');
  return stdout.trim();
};

describe('kernel settings', () => {
  test.each([
    ['vm/max_map_count', '262144'],
    ['net/ipv4/ip_forward', '1'],
    ['net/ipv6/conf/all/forwarding', '1'],
    ['net/ipv4/tcp_tw_reuse', '1'],
    ['net/ipv4/ip_nonlocal_bind', '1'],
    ['net/ipv6/ip_nonlocal_bind', '1'],
    ['net/ipv4/ping_group_range', '0\t2147483647'],
    ['fs/inotify/max_user_watches', '1048576'],
    ['fs/inotify/max_user_instances', '8192'],
    ['fs/inotify/max_queued_events', '65536'],
    ['fs/file-max', '9223372036854775807'],
    ['fs/protected_hardlinks', '1'],
    ['fs/protected_symlinks', '1'],
    ['kernel/pid_max', '4194304'],
    ['kernel/keys/maxkeys', '20000'],
  ])('%s is %s', async (path, value) => {
    expect(await sh(`cat /proc/sys/${path}`)).toBe(value);
  });

  test('ports chosen at random lie outside those that Linux, macOS and Windows choose on the host', async () => {
    const [low = 0, high = 0] = (await sh('cat /proc/sys/net/ipv4/ip_local_port_range')).split('\t').map(Number);
    expect(low).toBeGreaterThan(1024);
    expect(high).toBeLessThan(32768);
    expect(high - low).toBeGreaterThan(10_000);
  });
});

describe('mounts', () => {
  test('/ and everything below it is shared', async () => {
    const lines = (await sh('cat /proc/self/mountinfo')).split('\n');
    const root = lines.find((line) => line.split(' ')[4] === '/');
    expect(root).toMatch(/ shared:\d+/);
    expect(lines.find((line) => line.split(' ')[4] === '/data')).toMatch(/ shared:\d+/);
  });

  test.each([
    ['/', 'overlay'],
    ['/run', 'tmpfs'],
    ['/tmp', 'tmpfs'],
    ['/dev', 'devtmpfs'],
    ['/dev/pts', 'devpts'],
    ['/dev/shm', 'tmpfs'],
    ['/dev/mqueue', 'mqueue'],
    ['/sys/fs/cgroup', 'cgroup2'],
    ['/sys/fs/bpf', 'bpf'],
    ['/sys/fs/fuse/connections', 'fusectl'],
    ['/proc/sys/fs/binfmt_misc', 'binfmt_misc'],
    ['/data', 'ext4'],
    ['/var/lib/docker', 'ext4'],
    ['/var/lib/containerd', 'ext4'],
  ])('%s is %s', async (path, type) => {
    const line = (await sh('cat /proc/mounts')).split('\n').find((entry) => entry.split(' ')[1] === path);
    expect(line?.split(' ')[2]).toBe(type);
  });

  test('the system image is read-only below a layer of memory, and the layer is not on the data disk', async () => {
    const root = (await sh('cat /proc/mounts')).split('\n').find((entry) => entry.split(' ')[1] === '/');
    expect(root).toContain('lowerdir=/image');
    expect(await sh('cat /sys/block/vda/ro')).toBe('1');
    expect(await sh('ls -A /data')).not.toContain('upper');
  });
});

describe('cgroups', () => {
  test('every controller of cgroup2 is delegated', async () => {
    const words = async (file: string): Promise<string[]> => (await sh(`cat /sys/fs/cgroup/${file}`)).split(' ').sort();
    const there = await words('cgroup.controllers');
    expect(there).toEqual(expect.arrayContaining(['cpu', 'cpuset', 'io', 'memory', 'pids', 'hugetlb']));
    expect(await words('cgroup.subtree_control')).toEqual(there);
  });

  test('dockerd sees version 2', async () => {
    expect((await box().docker('info', '--format', '{{.CgroupVersion}} {{.CgroupDriver}}')).trim()).toBe('2 cgroupfs');
  });
});

describe('devices', () => {
  test.each([
    ['/dev/kmsg', '1:b'],
    ['/dev/fuse', 'a:e5'],
    ['/dev/net/tun', 'a:c8'],
    ['/dev/ptmx', '5:2'],
  ])('%s', async (path, numbers) => {
    expect(await sh(`stat -c '%F %t:%T' ${path}`)).toBe(`character special file ${numbers}`);
  });

  test('opening fuse, tun and kmsg works', async () => {
    expect(await sh('exec 3<>/dev/fuse 4<>/dev/net/tun 5</dev/kmsg && echo opened')).toBe('opened');
  });

  test('the usual links of /dev lead to the process’s own files', async () => {
    expect(await sh('readlink /dev/fd /dev/stdin /dev/stdout /dev/stderr')).toBe(
      '/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2',
    );
  });

  test('a foreign binary format can be registered', async () => {
    expect(await sh('cat /proc/sys/fs/binfmt_misc/status')).toBe('enabled');
  });
});

describe('limits and priorities', () => {
  test.each(['dockerd', 'containerd'])('%s may open a million files, start processes and dump core without a limit', async (name) => {
    const limits = await sh(`cat /proc/$(pidof ${name})/limits`);
    expect(limits).toMatch(/Max open files +1048576 +1048576/);
    expect(limits).toMatch(/Max processes +unlimited +unlimited/);
    expect(limits).toMatch(/Max core file size +unlimited +unlimited/);
  });

  test.each([
    ['dockerd', '-500'],
    ['containerd', '-999'],
  ])('%s is spared when memory runs out (%s)', async (name, score) => {
    expect(await sh(`cat /proc/$(pidof ${name})/oom_score_adj`)).toBe(score);
  });

  test('sshd is never killed for memory', async () => {
    const { services } = await box().agent('status', {});
    const pid = services.find(({ name }) => name === 'sshd')?.pid;
    expect(await sh(`cat /proc/${pid}/oom_score_adj`)).toBe('-1000');
  });
});

describe('identity', () => {
  test('machine-id is the data disk’s UUID: stable for as long as the data are', async () => {
    const uuid = await sh('blkid -s UUID -o value /dev/vdb');
    expect(await sh('cat /etc/machine-id')).toBe(uuid.replaceAll('-', ''));
  });

  test('the name is known to the resolver', async () => {
    expect(await sh('hostname')).toBe('berth');
    expect(await sh('getent hosts berth')).toMatch(/berth$/);
    expect(await sh('getent hosts localhost')).toMatch(/localhost/);
    // The guest's own resolver (vm/guest/dns.c), at an address that no container can publish away.
    expect((await sh('cat /etc/resolv.conf')).split('\n')[0]).toBe('nameserver 10.0.2.53');
  });
});

describe('secrets and doors', () => {
  test('keys and settings are readable by root alone', async () => {
    expect(await sh('stat -c %a /run/berth /run/berth/ssh_host_ed25519_key /run/berth/authorized_keys /run/berth/daemon.json')).toBe(
      '700\n600\n600\n600',
    );
  });

  test('the engine listens on its unix socket only, root’s', async () => {
    expect(await sh('stat -c "%a %U:%G" /run/docker.sock')).toBe('660 root:root');
    const listening = await sh('cat /proc/net/tcp /proc/net/tcp6');
    const ports = [...listening.matchAll(/:([0-9A-F]{4}) [0-9A-F]+:0000 0A/g)].map(([, hex = '']) => parseInt(hex, 16));
    // sshd's, and the resolver's.
    // The relay is there when a published port was dialled.
    expect([...new Set(ports)].filter((port) => port !== 1023).sort((a, b) => a - b)).toEqual([1022, 53_053]);
  });

  test('sshd takes keys only, and its limits do not lock the host out', async () => {
    const settings = await sh('/usr/sbin/sshd -T -f /etc/berth/sshd_config');
    for (const line of [
      'permitrootlogin without-password',
      'passwordauthentication no',
      'kbdinteractiveauthentication no',
      'usedns no',
      'maxsessions 100',
      'maxstartups 100:30:200',
      'allowtcpforwarding yes',
      'allowstreamlocalforwarding yes',
      'allowagentforwarding no',
    ]) {
      expect(settings.split('\n')).toContain(line);
    }
    expect(settings).toMatch(/^persourcepenalties no/m);
    expect(settings).toMatch(/^ciphers aes128-gcm@openssh.com/m);
  });

  test('only root has a way in, and no account has a password', async () => {
    expect(await sh("cut -d: -f2 /etc/shadow | grep -v '^[!*]' || true")).toBe('');
  });
});

describe('tools that the engine and users call', () => {
  test.each([
    'docker',
    'docker-init',
    'docker-proxy',
    'runc',
    'git',
    'ps',
    'unpigz',
    'xz',
    'curl',
    'sshfs',
    'fusermount3',
    'mkfs.ext4',
    'e2fsck',
    'resize2fs',
    'iptables',
    'ip',
    'modprobe',
  ])('%s is there', async (name) => {
    expect(await sh(`command -v ${name} || ls /usr/libexec/docker/${name} || ls /usr/lib/docker/${name}`)).toContain(name);
  });

  test('BuildKit, buildx and Compose answer in the guest', async () => {
    expect(await sh('docker buildx version')).toContain('buildx');
    expect(await sh('docker compose version')).toContain('Compose');
    expect(await sh('docker buildx ls')).toMatch(/default .*running/);
  });
});
