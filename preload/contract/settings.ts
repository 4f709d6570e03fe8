// What the user set. The host's settings file is the truth; main/settings keeps it.
import { z } from 'zod';
import { call, output, stream } from './define';
import { hostAccessModes, MAX_HOST_PORTS } from './host-access';
import { portWays } from './ports';
import { shareFolder } from './shares';
import { acceleratorNames } from './vm';
import type { WireError } from './errors';

const hostPorts = z.array(z.int().min(1).max(65535)).max(MAX_HOST_PORTS);

const idleMinutes = z.union([z.literal(0), z.literal(5), z.literal(15), z.literal(60)]);

export const settingsSchema = z.object({
  language: z.enum(['system', 'en', 'zh-CN']).default('system'),
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  vm: z
    .object({
      /** null = the default: half the cores, at least 2. */
      cpus: z.int().min(1).max(1024).nullable().default(null),
      /** null = the default: 4 GiB, or a quarter of the host's memory if that is less. */
      memoryBytes: z.int().min(0).nullable().default(null),
      accelerator: z.enum(['auto', ...acceleratorNames]).default('auto'),
      /** Minutes without use after which the VM is suspended, where the driver can; 0 = never. */
      idleMinutes: idleMinutes.default(15),
      /** Running containers do not keep it from being idle. */
      idleDespiteContainers: z.boolean().default(false),
    })
    .prefault({}),
  ports: z
    .object({
      /** Where a port goes that is published without an address: this machine, or every machine that reaches this one. */
      publish: z.enum(['loopback', 'lan']).default('loopback'),
      /** The way of TCP connections; `hostfwd` where the driver has it (`features.hostfwd`), for IPv4. */
      // `ssh` was its name before the relay.
      tcp: z.preprocess((value) => (value === 'ssh' ? 'relay' : value), z.enum(portWays)).default('relay'),
    })
    .prefault({}),
  host: z
    .object({
      /** Which services of this computer containers reach. */
      access: z.enum(hostAccessModes).default('all'),
      /** For `list`. */
      ports: hostPorts.default([]),
    })
    .prefault({}),
  shares: z
    .object({
      driver: z.enum(['auto', 'virtiofs', 'sshfs']).default('auto'),
      /** null = the user's home folder, read-write. */
      folders: z.array(shareFolder).max(64).nullable().default(null),
    })
    .prefault({}),
});
export type Settings = z.output<typeof settingsSchema>;

export const settingsPatch = z.strictObject({
  language: z.enum(['system', 'en', 'zh-CN']).optional(),
  theme: z.enum(['system', 'light', 'dark']).optional(),
  vm: z
    .strictObject({
      cpus: z.number().nullable().optional(),
      memoryBytes: z.number().nullable().optional(),
      accelerator: z.enum(['auto', ...acceleratorNames]).optional(),
      idleMinutes: idleMinutes.optional(),
      idleDespiteContainers: z.boolean().optional(),
    })
    .optional(),
  ports: z.strictObject({ publish: z.enum(['loopback', 'lan']).optional(), tcp: z.enum(portWays).optional() }).optional(),
  host: z.strictObject({ access: z.enum(hostAccessModes).optional(), ports: hostPorts.optional() }).optional(),
  /** Which folders are shared is changed by `shares.add` and `shares.remove`, which look at the folders. */
  shares: z.strictObject({ driver: z.enum(['auto', 'virtiofs', 'sshfs']).optional() }).optional(),
});

export const settingsTable = {
  'settings.changes': stream(z.strictObject({}), output<{ readonly settings: Settings; readonly notice?: WireError }>(), 'latest'),
  /** Checked whole before anything is written: `settings.cpus`, `settings.memory`, `settings.invalid`. */
  'settings.set': call(settingsPatch, output<Settings>()),
};
