// Calls of the contract made by the page over a port of its own: asks the preload for one, as the window does, and speaks frames by hand.
import type { Page } from 'playwright-core';

/** One outcome an input: `result`, or the code of the error. */
export function callFromPage(page: Page, method: string, inputs: readonly unknown[]): Promise<string[]> {
  return page.evaluate(
    async ([name, all]) => {
      const port = await new Promise<MessagePort>((resolve) => {
        window.addEventListener('message', ({ data, ports: [received] }) => {
          if (data === 'berth:port' && received !== undefined) {
            resolve(received);
          }
        });
        window.postMessage('berth:connect', location.origin);
      });
      const send = (frame: unknown): void => {
        const header = new TextEncoder().encode(JSON.stringify(frame));
        const bytes = new Uint8Array(4 + header.length);
        new DataView(bytes.buffer).setUint32(0, header.length);
        bytes.set(header, 4);
        port.postMessage(bytes);
      };
      const outcomes = new Map<number, string>();
      const done = new Promise<void>((resolve) => {
        port.addEventListener('message', ({ data }: MessageEvent<Uint8Array>) => {
          const frame = JSON.parse(new TextDecoder().decode(data.subarray(4))) as { t: string; id?: number; error?: { code: string } };
          if ((frame.t === 'result' || frame.t === 'error') && frame.id !== undefined) {
            outcomes.set(frame.id, frame.error?.code ?? 'result');
            if (outcomes.size === all.length) {
              resolve();
            }
          }
        });
      });
      port.start();
      send({ t: 'hello', protocol: 1, build: 'test', client: 'electron' });
      all.forEach((input, index) => send({ t: 'call', id: index + 1, method: name, input }));
      await done;
      return all.map((_input, index) => outcomes.get(index + 1) ?? 'none');
    },
    [method, inputs] as const,
  );
}
