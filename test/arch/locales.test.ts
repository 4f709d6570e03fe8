// The texts themselves: both languages whole, translated, well-formed, used; every error with its words and its figures.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IntlMessageFormat } from 'intl-messageformat';
import { describe, expect, test } from 'vitest';
import { errorTable } from '../../preload/contract';

const languages = ['en', 'zh-CN'] as const;
type Language = (typeof languages)[number];
type Texts = ReadonlyMap<string, string>;

/** Names, units and commands that are the same in both languages. */
const SAME_IN_BOTH = /^[\p{Script=Latin}\p{N}\p{P}\p{S}\s]*$/u;
const SAME_WORDS = new Set(
  'API argv bash Berth berth B CPU containerd Ctrl context DNS DOCKER_HOST Docker docker dockerd Dockerfile ENTRYPOINT CMD English exec fish GB HVF ID IP IPv4 IPv6 JSON KVM kB MB MAC PATH PowerShell QEMU s sh Shell SSH ssh sshd tar TCG TCP TTY UDP URL WHPX zsh min UTF-8 ms TLS Hub'
    .toLowerCase()
    .split(' '),
);

function flatten(value: unknown, path: string, into: Map<string, string>): Map<string, string> {
  if (typeof value === 'string') {
    into.set(path, value);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      flatten(inner, path === '' ? key : `${path}.${key}`, into);
    }
  }
  return into;
}

const folder = (language: Language): string => join('assets/locales', language);
const namespaces = readdirSync(folder('en')).map((file) => file.replace(/\.json$/, ''));
const read = (language: Language, namespace: string): Texts =>
  flatten(JSON.parse(readFileSync(join(folder(language), `${namespace}.json`), 'utf8')), '', new Map());
const texts = Object.fromEntries(
  languages.map((language) => [language, Object.fromEntries(namespaces.map((name) => [name, read(language, name)]))]),
) as Record<Language, Record<string, Texts>>;
const of = (language: Language, namespace: string): Texts => texts[language][namespace] ?? new Map<string, string>();

/** Names of the arguments of a message; throws where it is no ICU. */
function argumentsOf(message: string, language: Language): ReadonlySet<string> {
  const found = new Set<string>();
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) {
      node.forEach(walk);
    } else if (typeof node === 'object' && node !== null) {
      const { type, value, options, children } = node as {
        type?: number;
        value?: unknown;
        options?: Record<string, { value: unknown }>;
        children?: unknown;
      };
      // 0 is plain text, 7 the "#" of a plural; all others but 8 (a tag) name an argument.
      if (type !== 0 && type !== 7 && type !== 8 && typeof value === 'string') {
        found.add(value);
      }
      Object.values(options ?? {}).forEach((option) => {
        walk(option.value);
      });
      walk(children);
    }
  };
  walk(new IntlMessageFormat(message, language).getAst());
  return found;
}

function sources(path: string): readonly string[] {
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
}

test('both languages have the same namespaces', () => {
  expect(readdirSync(folder('zh-CN')).sort()).toEqual(readdirSync(folder('en')).sort());
});

describe.each(namespaces)('%s', (namespace) => {
  test('has the same keys in both languages', () => {
    expect([...of('zh-CN', namespace).keys()].sort()).toEqual([...of('en', namespace).keys()].sort());
  });

  test('is well-formed, with the same arguments in both languages', () => {
    const different = [...of('en', namespace)].flatMap(([key, message]) => {
      const other = of('zh-CN', namespace).get(key) ?? '';
      const names = (text: string, language: Language): string => [...argumentsOf(text, language)].sort().join(' ');
      return names(message, 'en') === names(other, 'zh-CN')
        ? []
        : [`${key}: en {${names(message, 'en')}}, zh-CN {${names(other, 'zh-CN')}}`];
    });
    expect(different).toEqual([]);
  });

  test('is translated', () => {
    const untranslated = [...of('en', namespace)].filter(
      ([key, message]) => message === of('zh-CN', namespace).get(key) && !isTheSameEverywhere(message),
    );
    expect(untranslated).toEqual([]);
  });

  test('keeps the writing rules', () => {
    const wrong = [
      ...[...of('zh-CN', namespace)].filter(([, message]) => /您|成功地|请(?!输入|求)|进行(?!中)/.test(message)),
      ...[...of('en', namespace)].filter(([, message]) => /\b(please|successfully|oops|unknown error)\b/i.test(message)),
    ];
    expect(wrong).toEqual([]);
  });
});

function isTheSameEverywhere(message: string): boolean {
  if (!SAME_IN_BOTH.test(message)) {
    return message === '中文';
  }
  const words = message.replace(/\{[^{}]*\}/g, ' ').match(/[\p{L}][\p{L}\p{N}_-]*/gu) ?? [];
  // A command or an option is the same in every language.
  return /^(docker |berth |npm |--)/.test(message) || words.every((word) => SAME_WORDS.has(word.toLowerCase()));
}

describe('errors', () => {
  const table = readFileSync('preload/contract/errors.ts', 'utf8');
  const declared = new Map(
    [...table.matchAll(/^ {2}'([\w.]+)': spec(?:<\{ ([^}]*) \}>)?\(/gm)].map(([, code = '', params = '']) => [
      code,
      [...params.matchAll(/(\w+):/g)].map(([, name = '']) => name),
    ]),
  );

  test('the table was read whole', () => {
    expect([...declared.keys()]).toEqual(Object.keys(errorTable));
  });

  test('every code says what happened, what is kept and what to do, and no text is without a code', () => {
    const keys = Object.keys(errorTable).flatMap((code) => ['title', 'kept', 'next'].map((part) => `${code}.${part}`));
    expect([...of('en', 'errors').keys()].sort()).toEqual(keys.sort());
  });

  test.each(languages)('every figure of an error is in its words (%s)', (language) => {
    const missing = [...declared].flatMap(([code, params]) => {
      const used = new Set(
        ['title', 'kept', 'next'].flatMap((part) => [...argumentsOf(of(language, 'errors').get(`${code}.${part}`) ?? '', language)]),
      );
      const unknown = [...used].filter((name) => !params.includes(name)).map((name) => `${code} uses {${name}}`);
      // `detail` holds words of the engine or of QEMU; the window shows them behind a link.
      return [...unknown, ...params.filter((name) => name !== 'detail' && !used.has(name)).map((name) => `${code} leaves out {${name}}`)];
    });
    expect(missing).toEqual([]);
  });
});

describe('use', () => {
  const files = [...sources('renderer'), ...sources('main')];
  const literals = new Set(
    files.flatMap((text) => [...text.matchAll(/'([\w:.-]+)'|"([\w:.-]+)"/g)].map(([, single, double]) => single ?? double ?? '')),
  );
  const patterns = [
    ...new Set(files.flatMap((text) => [...text.matchAll(/`([\w:.$'"{}()[\] ?=|&-]+)`/g)].map(([, template = '']) => template))),
  ]
    .filter((template) => template.includes('${') && /[a-z]{3}/i.test(template.replace(/\$\{[^}]*\}/g, '')))
    .map(
      (template) =>
        new RegExp(
          `^${template
            .split(/\$\{[^}]*\}/)
            .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
            .join('.+')}$`,
        ),
    );

  test('every text is used', () => {
    const unused = namespaces
      .filter((namespace) => namespace !== 'errors')
      .flatMap((namespace) => [...of('en', namespace).keys()].map((key) => [namespace, key] as const))
      .filter(
        ([namespace, key]) =>
          ![key, `${namespace}:${key}`, `${namespace}.${key}`].some(
            (name) => literals.has(name) || patterns.some((pattern) => pattern.test(name)),
          ),
      )
      .map(([namespace, key]) => `${namespace}:${key}`);
    expect(unused).toEqual([]);
  });

  test('every text that the window asks for is there', () => {
    const missing = sources('renderer').flatMap((text) => {
      const own = [...text.matchAll(/useTranslation\(\[?([^)\]]*)\]?\)/g)].flatMap(([, list = '']) =>
        [...list.matchAll(/'([\w-]+)'/g)].map(([, name = '']) => name),
      );
      const [first = 'common'] = own;
      return [...text.matchAll(/\bt\('(?:([\w-]+):)?([\w.-]+)'/g)]
        .map((match): { readonly places: readonly string[]; readonly key: string } => ({
          places: match[1] === undefined ? [...own, first] : [match[1]],
          key: match[2] ?? '',
        }))
        .filter(({ places, key }) => !places.some((namespace) => of('en', namespace).has(key)))
        .map(({ places, key }) => `${places.join('|')}:${key}`);
    });
    expect(missing).toEqual([]);
  });
});
