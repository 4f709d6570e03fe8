// QEMU's listeners, over a human monitor that answers as QEMU 10 does.
import { expect, test } from 'vitest';
import { createHostForwards } from './host-forwards';

/** Its rules as `address port guest`, and who is told of QEMU's end. */
function monitor(rules: Map<string, number>) {
  const lines: string[] = [];
  let exit: () => void = () => undefined;
  const exited = new Promise<void>((resolve) => (exit = resolve));
  const answer = (line: string): string => {
    const [command = '', , rule = ''] = line.split(' ');
    const [, address = '', port = '', guest = ''] = /^tcp:([\d.]+):(\d+)(?:-:(\d+))?$/.exec(rule) ?? [];
    const key = `${address} ${port}`;
    if (command === 'info') {
      const row = ([at, to]: [string, number]): string => `  TCP[HOST_FORWARD]  17       ${at}       10.0.2.15 ${to}     0     0\r\n`;
      return `Hub -1 (net0):\r\n  TCP[TIME_WAIT]    103       127.0.0.1 33029       10.0.2.15    22     0     0\r\n${[...rules].map(row).join('')}`;
    }
    if (command === 'hostfwd_add') {
      const taken = rules.has(key);
      rules.set(key, Number(guest));
      return taken ? `Could not set up host forwarding rule '${rule}'\r\n` : '';
    }
    return `host forwarding rule for ${rule} ${rules.delete(key) ? 'removed' : 'not found'}\r\n`;
  };
  const forwards = createHostForwards({
    exited,
    doors: [33029],
    qmp: () => ({
      closed: exited,
      close: () => undefined,
      execute(_command, args = {}) {
        lines.push(String(args['command-line']));
        return Promise.resolve(answer(String(args['command-line'])));
      },
    }),
  });
  return { forwards, lines, exit };
}

test('added, refused in QEMU’s words, removed; IPv4 only', async () => {
  const rules = new Map<string, number>();
  const { forwards, lines } = monitor(rules);
  const rule = { address: '127.0.0.1', port: 8080, guestPort: 8081 };
  const added = await forwards.add(rule);
  expect(lines).toEqual(['hostfwd_add net0 tcp:127.0.0.1:8080-:8081']);
  await expect(forwards.add(rule)).rejects.toThrow('Could not set up');
  await added.remove();
  expect(rules.size).toBe(0);
  await expect(forwards.add({ ...rule, address: '::1' })).rejects.toThrow('no IPv4 address');
});

test('what an earlier backend left is taken away, the way to sshd stays', async () => {
  const rules = new Map([
    ['127.0.0.1 33029', 1022],
    ['127.0.0.1 8080', 8080],
    ['0.0.0.0 8081', 8081],
  ]);
  await monitor(rules).forwards.clear();
  expect([...rules.keys()]).toEqual(['127.0.0.1 33029']);
});

test('QEMU’s end is told of, unless the rule was removed before', async () => {
  const { forwards, exit } = monitor(new Map());
  const told: string[] = [];
  const [kept, removed] = [
    await forwards.add({ address: '127.0.0.1', port: 1, guestPort: 1 }),
    await forwards.add({ address: '127.0.0.1', port: 2, guestPort: 2 }),
  ];
  void kept.gone.then(() => told.push('kept'));
  void removed.gone.then(() => told.push('removed'));
  await removed.remove();
  exit();
  await kept.gone;
  expect(told).toEqual(['kept']);
});
