// What Berth changed outside of its home and must be able to give back: one small file in the home. A damaged one counts as empty,
// because nothing in it is worth a refused start.
import { z } from 'zod';
import { readJsonOr, writeJson } from '../lib/atomic-file';

const schema = z.object({
  /** By the docker CLI's folder. */
  contexts: z
    .record(
      z.string(),
      z.object({
        /** `currentContext` before Berth's was selected. */
        previous: z.string().optional(),
        /** The user took it away: it is not made again by itself. */
        removed: z.boolean().optional(),
      }),
    )
    .default({}),
  /** By path: asked for, and not given back. */
  sockets: z.record(z.string(), z.literal(true)).default({}),
});
export type Remembered = z.output<typeof schema>;
export type ContextMemory = Remembered['contexts'][string];

export interface ConnectMemory {
  context(folder: string): Promise<ContextMemory>;
  setContext(folder: string, memory: ContextMemory): Promise<void>;
  isWanted(socket: string): Promise<boolean>;
  setWanted(socket: string, wanted: boolean): Promise<void>;
}

/** Read each time: the command line and the backend share the file. */
export function createConnectMemory(path: string): ConnectMemory {
  const read = (): Promise<Remembered> => readJsonOr(path, (value) => schema.parse(value), { contexts: {}, sockets: {} });
  return {
    context: async (folder) => (await read()).contexts[folder] ?? {},
    async setContext(folder, memory) {
      const { contexts, sockets } = await read();
      const others = Object.entries(contexts).filter(([name]) => name !== folder);
      const own = Object.keys(memory).length === 0 ? [] : [[folder, memory] as const];
      await writeJson(path, { contexts: Object.fromEntries([...others, ...own]), sockets });
    },
    isWanted: async (socket) => (await read()).sockets[socket] === true,
    async setWanted(socket, wanted) {
      const { contexts, sockets } = await read();
      if ((sockets[socket] === true) !== wanted) {
        const others = Object.entries(sockets).filter(([name]) => name !== socket);
        await writeJson(path, { contexts, sockets: Object.fromEntries([...others, ...(wanted ? [[socket, true] as const] : [])]) });
      }
    },
  };
}
