// Public mirrors as data: the built-in list, bundled as the texts are so that every shell has it, or a company's own file in its place.
// A file that is wrong is named with line and column; the built-in list stays then. Knows no window.
import { stat } from 'node:fs/promises';
import { findNodeAtLocation, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Node, ParseError } from 'jsonc-parser';
import { z } from 'zod';
import builtInFile from '../../assets/mirrors.json';
import { BerthError } from '../../preload/contract';
import type { MirrorPreset } from '../../preload/contract';
import { asError } from '../lib/async';
import { readText } from '../lib/atomic-file';
import { hostnameOf, normaliseMirrorUrl } from './entries';
import { positionAt } from './text-place';

/** A company's list is pages, not megabytes. */
const MAX_FILE_BYTES = 1024 * 1024;

const localised = z.union([
  z.strictObject({ en: z.string(), 'zh-CN': z.string() }),
  z.string().transform((text) => ({ en: text, 'zh-CN': text })),
]);

const presetSchema = z.strictObject({
  id: z.string().min(1).max(64),
  name: localised,
  url: z.string().min(1).max(2048),
  operator: z.string().default(''),
  audience: localised.default({ en: '', 'zh-CN': '' }),
  state: z.enum(['open', 'limited', 'closed']).default('open'),
  personal: z.boolean().default(false),
  proposable: z.boolean().default(true),
  help: localised.optional(),
  link: z.url({ protocol: /^https?$/ }).optional(),
  checked: z.iso.date().default('1970-01-01'),
});

export const presetFileSchema = z.strictObject({ format: z.literal(1), presets: z.array(presetSchema).max(500) });

/** Read when it is first asked for: nothing works at import. */
export function builtInPresets(): readonly MirrorPreset[] {
  return toPresets(presetFileSchema.parse(builtInFile));
}

/** Rejects with `mirrors.presetFile`. */
export async function readPresetFile(path: string): Promise<readonly MirrorPreset[]> {
  const refused = (reason: string, place = { line: 1, column: 1 }, cause?: unknown): BerthError =>
    new BerthError('mirrors.presetFile', { path, ...place, reason }, { cause });
  let text: string | undefined;
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) {
      throw new Error(`larger than ${MAX_FILE_BYTES} bytes`);
    }
    text = await readText(path);
  } catch (error) {
    throw refused(asError(error).message, undefined, error);
  }
  return parsePresetFile(text ?? '', refused);
}

export function parsePresetFile(
  text: string,
  refused: (reason: string, place: { readonly line: number; readonly column: number }) => BerthError,
): readonly MirrorPreset[] {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowEmptyContent: false });
  const [broken] = errors;
  if (broken !== undefined || tree === undefined) {
    throw refused(broken === undefined ? 'empty' : printParseErrorCode(broken.error), positionAt(text, broken?.offset ?? 0));
  }
  const parsed = presetFileSchema.safeParse(valueOf(tree));
  const placeOf = (path: readonly PropertyKey[]): { line: number; column: number } => positionAt(text, nearest(tree, path).offset);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refused(issue?.message ?? '', placeOf(issue?.path ?? []));
  }
  const seen = new Set<string>();
  for (const [index, preset] of parsed.data.presets.entries()) {
    if (seen.has(preset.id)) {
      throw refused(`a second "${preset.id}"`, placeOf(['presets', index, 'id']));
    }
    seen.add(preset.id);
    try {
      presetUrl(preset.url, preset.personal);
    } catch (error) {
      throw refused(`${preset.url}: ${asError(error).message}`, placeOf(['presets', index, 'url']));
    }
  }
  return toPresets(parsed.data);
}

/** The preset that stands for an address, a personal one by the part after its id. */
export function presetOf(url: string, presets: readonly MirrorPreset[]): MirrorPreset | undefined {
  const host = hostnameOf(url);
  return presets.find((preset) =>
    preset.personal ? host.endsWith(hostnameOf(presetUrl(preset.url, true)).replace(/^id/, '')) : hostnameOf(preset.url) === host,
  );
}

function toPresets(file: z.output<typeof presetFileSchema>): readonly MirrorPreset[] {
  return file.presets.map(({ help, link, ...preset }) => ({
    ...preset,
    url: preset.personal ? preset.url : normaliseMirrorUrl(preset.url),
    // What only its owner can use is never tried by itself; what is closed is not tried at all.
    proposable: preset.proposable && !preset.personal && preset.state !== 'closed',
    ...(help === undefined ? {} : { help }),
    ...(link === undefined ? {} : { link }),
  }));
}

/** A personal one must hold `{id}` and be right when it is filled in. */
function presetUrl(url: string, personal: boolean): string {
  if (personal && !/^https?:\/\/\{id\}\./.test(url)) {
    throw new Error('a personal address begins with https://{id}.');
  }
  return normaliseMirrorUrl(personal ? url.replace('{id}', 'id') : url);
}

function nearest(tree: Node, path: readonly PropertyKey[]): Node {
  for (let length = path.length; length > 0; length -= 1) {
    const found = findNodeAtLocation(tree, path.slice(0, length) as (string | number)[]);
    if (found !== undefined) {
      return found;
    }
  }
  return tree;
}

function valueOf(node: Node): unknown {
  const children = node.children ?? [];
  if (node.type === 'array') {
    return children.map(valueOf);
  }
  if (node.type === 'object') {
    return Object.fromEntries(
      children.map((property) => [property.children?.[0]?.value as string, property.children?.[1] && valueOf(property.children[1])]),
    );
  }
  return node.value as unknown;
}
