// Everything that is wrong with a document, from the table of keys and the rules. Pure: what is known of the engine is in the context.
import { daemonKey } from '../../preload/contract';
import type { ConfigProblem } from '../../preload/contract';
import { checkType, checkUnknown } from './check-types';
import type { DaemonDocument } from './daemon-config';
import type { ConfigPath } from './key-name';
import { isMasked, MASK } from './mask';
import { parseDocument } from './parse';
import type { ParsedDocument } from './parse';
import { createProblems } from './problems';
import type { CheckContext, Rule } from './rule';
import { loggingRules } from './rules-logging';
import { networkRules } from './rules-network';
import { registryRules } from './rules-registries';
import { runtimeRules } from './rules-runtime';

export type { CheckContext } from './rule';

const rules: Readonly<Record<string, Rule<never>>> = { ...networkRules, ...registryRules, ...loggingRules, ...runtimeRules };

/** In the order of the document. Problems have no place; `checkText` adds it. */
export function checkDocument(document: DaemonDocument, context: CheckContext = {}): readonly ConfigProblem[] {
  const problems = createProblems();
  for (const [name, value] of Object.entries(document)) {
    const key = daemonKey(name);
    if (key === undefined) {
      checkUnknown(name, problems);
    } else if (key.owned !== undefined) {
      problems.error('config.ownedKey', [name], { reason: key.owned });
    } else if (checkType(value, key, [name], problems)) {
      // The type was checked against the table just now.
      const rule = rules[name] as Rule<unknown> | undefined;
      rule?.(value, { path: [name], document, context, problems });
    }
    findMasks(value, [name], (path) => problems.error('config.maskedValue', path, { mask: MASK }));
  }
  return problems.list;
}

/** A text: its syntax and, as far as it can be read, what is wrong with its values, each with its place. `document` only where there is no error. */
export function checkText(text: string, context: CheckContext = {}): ParsedDocument {
  const parsed = parseDocument(text);
  const read = parsed.document ?? parsed.partial;
  const found = read === undefined ? [] : checkDocument(read, context).map((problem) => withPlace(problem, parsed));
  const problems = [...parsed.problems, ...found].sort((a, b) => offset(a) - offset(b));
  const { document, ...rest } = parsed;
  const right = document !== undefined && !problems.some(({ severity }) => severity === 'error');
  return { ...rest, problems, ...(right && { document }) };
}

function withPlace(problem: ConfigProblem, parsed: ParsedDocument): ConfigProblem {
  // What is wrong with a name is marked at the name.
  const atKey = /^config\.(?:unknownKey|unknownLogOption|ownedKey)/.test(problem.error.code);
  const place = parsed.placeOf(problem.path, atKey ? 'key' : 'value');
  return place === undefined ? problem : { ...problem, place };
}

function offset({ place }: ConfigProblem): number {
  return place === undefined ? 0 : place.line * 1e6 + place.column;
}

/** A mask for which no credential is kept. */
function findMasks(value: unknown, path: ConfigPath, found: (path: ConfigPath) => void): void {
  if (typeof value === 'string') {
    if (isMasked(value)) {
      found(path);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      findMasks(item, [...path, Array.isArray(value) ? Number(key) : key], found);
    }
  }
}
