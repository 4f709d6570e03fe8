// What Berth changes in the bodies of creates: sources of bind mounts become what the guest mounts there (lib/binds), proxies of containers come
// into their environment, and the host's address in place of its word. Everything else in the body is dockerd's to judge, so a body that Berth has no
// say in passes byte for byte.
import { leadBinds } from '../lib/binds';
import type { JudgeBind } from '../lib/binds';
import { leadHostGateway } from './host-gateway';

/** `NAME=value`: what every container gets where it names no value, and what the docker CLI put there for builds, which containers do not get. */
export interface ContainerEnv {
  readonly add: readonly string[];
  readonly drop: readonly string[];
}

export interface BodyRules {
  readonly judge: JudgeBind;
  /** Where the host is for containers. Missing = not known. */
  readonly hostGateway?: string | undefined;
  readonly env?: ContainerEnv | undefined;
}

/** Resolves to the body to send; rejects with a bind's refusal. */
export async function ruleBody(text: string, { judge, hostGateway, env }: BodyRules): Promise<string> {
  const exact = keepBigNumbers(text);
  let body: unknown;
  try {
    body = JSON.parse(exact.text);
  } catch {
    return text;
  }
  const changed = [
    await leadBinds(body, judge),
    env !== undefined && setEnv(body, env),
    hostGateway !== undefined && leadHostGateway(body, hostGateway),
  ];
  return changed.includes(true) ? exact.restore(JSON.stringify(body)) : text;
}

/** The docker CLI knows one setting for containers and builds; Berth has two, so its values for builds make room here. */
function setEnv(body: unknown, { add, drop }: ContainerEnv): boolean {
  if (typeof body !== 'object' || body === null || Array.isArray(body) || (add.length === 0 && drop.length === 0)) {
    return false;
  }
  const fields = body as Record<string, unknown>;
  const key = Object.keys(fields).findLast((name) => name.toLowerCase() === 'env') ?? 'Env';
  const before: readonly unknown[] = Array.isArray(fields[key]) ? fields[key] : [];
  const own = before.filter((entry) => typeof entry !== 'string' || !drop.includes(entry));
  // `NAME` alone takes the name out of what the image sets: a choice too.
  const named = new Set(own.filter((entry) => typeof entry === 'string').map((entry) => entry.split('=', 1)[0]));
  const after = [...own, ...add.filter((entry) => !named.has(entry.split('=', 1)[0]))];
  if (after.length === before.length && after.every((entry, index) => entry === before[index])) {
    return false;
  }
  fields[key] = after;
  return true;
}

/** Limits such as 9223372036854775807 do not fit a double: they travel through JSON.parse as marked strings. */
function keepBigNumbers(text: string): { text: string; restore(changed: string): string } {
  const mark = '\ue000berth:';
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|(?<![\w.+-])-?[0-9]{16,}(?![0-9.eE])/g, (token) =>
    token.startsWith('"') ? token : `"${mark}${token}"`,
  );
  return { text: marked, restore: (changed) => changed.replace(new RegExp(`"${mark}(-?[0-9]+)"`, 'g'), '$1') };
}
