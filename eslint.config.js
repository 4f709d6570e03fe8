// Lint: typescript-eslint's strict, type-checked rules, and the project's own: who may import whom (design's table, as errors), no cycles,
// `electron` in its three places only, sizes of files. The rules for names of files and folders are in test/arch.
import { existsSync, readdirSync } from 'node:fs';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** `folder` may import itself, `allowed` and packages; nothing else of the project. */
function zone(folder, ...allowed) {
  return {
    target: folder,
    from: '.',
    except: [folder, ...allowed, './node_modules'],
    message: `${folder} may import ${allowed.length === 0 ? 'nothing else' : allowed.join(', ')} (ARCHITECTURE.md, the map).`,
  };
}

function foldersIn(path) {
  return existsSync(path)
    ? readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
    : [];
}

const contract = './preload/contract';
const rpc = './preload/rpc';
const lib = './main/lib';

const zones = [
  zone(contract),
  zone(rpc, contract),
  zone('./preload/electron.ts', rpc, contract),
  zone(lib, contract, './assets/locales'),
  zone('./main/ssh', lib, contract),
  ...['ports', 'engine-socket', 'terminal', 'settings', 'daemon-config', 'idle', 'connect'].map((name) =>
    zone(`./main/${name}`, lib, contract),
  ),
  zone('./main/trust', lib, './main/daemon-config', './main/ssh', contract),
  zone('./main/mirrors', lib, './main/daemon-config', './main/ssh', contract, './assets/mirrors.json'),
  zone('./main/disk', lib, './main/engine', './main/vm', contract),
  zone('./main/diagnostics', lib, './main/cost', './main/vm', contract),
  zone('./main/host-access', lib, './main/ssh', './main/vm', contract),
  zone('./main/cost', lib, './main/vm', contract),
  zone('./main/shares', lib, './main/ssh', './main/vm', contract),
  zone('./main/repair', lib, './main/disk', './main/ssh', './main/vm', './main/daemon-config', contract),
  zone('./main/vm', lib, './main/ssh', contract),
  zone('./main/engine', lib, contract),
  zone('./main/control', lib, contract, rpc),
  ...foldersIn('main')
    .filter((name) => !['electron', 'headless', 'cli'].includes(name))
    .map((name) => ({
      target: `./main/${name}`,
      from: ['./main/app.ts', './main/electron', './main/headless', './main/electron.ts', './main/headless.ts', './main/cli.ts'],
    }))
    .map((entry) => ({ ...entry, message: 'A part of the backend knows neither the composition nor the shells.' })),
  { target: './main/app.ts', from: ['./main/electron', './main/headless', './main/cli'], message: 'The composition knows no shell.' },
  { target: './main/electron', from: ['./main/headless', './main/cli'], message: 'A shell never imports another.' },
  { target: './main/headless', from: ['./main/electron', './main/cli'], message: 'A shell never imports another.' },
  { target: ['./main', './preload'], from: './renderer', message: 'The backend never imports the window.' },
  zone('./renderer', contract, './preload/rpc', './assets'),
  { target: './renderer', from: './preload/rpc/server.ts', message: 'The window holds the client only.' },
  ...foldersIn('renderer/features').map((name) => ({
    target: `./renderer/features/${name}`,
    from: './renderer/features',
    except: [`./${name}`],
    message: 'A feature never imports a feature.',
  })),
  {
    target: ['./main', './preload', './renderer'],
    from: ['./test', './scripts', './bench', './vm'],
    message: 'The product imports neither tests nor tools.',
  },
];

const electronImport = {
  regex: '^electron($|/)',
  message: 'electron is imported in main/electron.ts, main/electron/** and preload/electron.ts only.',
};
/** A package of the outside world is known to one adapter. */
const adapters = { ssh2: 'main/ssh', 'node-pty': 'main/terminal/host-shell.ts' };
const restricted = (...allowed) => [
  'error',
  {
    patterns: [
      ...(allowed.includes('electron') ? [] : [electronImport]),
      ...Object.entries(adapters)
        .filter(([name]) => !allowed.includes(name))
        .map(([name, place]) => ({ regex: `^${name}($|/)`, message: `${name} is imported in ${place} only.` })),
    ],
  },
];

const tests = ['**/*.test.ts', '**/*.test.tsx', 'test/**/*.ts', 'test/**/*.tsx', 'bench/**/*.ts'];

export default tseslint.config(
  { ignores: ['dist/', 'out/', 'node_modules/', 'vm/guest/', '.mirror/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [
        createTypeScriptImportResolver({ project: ['tsconfig.node.json', 'tsconfig.renderer.json'], noWarnOnMultipleProjects: true }),
      ],
    },
    rules: {
      curly: ['error', 'all'],
      eqeqeq: 'error',
      'max-lines': ['error', { max: 400 }],
      'no-restricted-imports': restricted(),
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: 'Text is text: no HTML from data.' },
        { selector: "AssignmentExpression > MemberExpression[property.name='innerHTML']", message: 'Text is text: no HTML from data.' },
      ],
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { boolean: true, string: true } }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // tsc's noPropertyAccessFromIndexSignature is off; brackets or dots, as reads better.
      '@typescript-eslint/dot-notation': 'off',
      // A type parameter used once is how the contract carries a type without a value.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // `void` as an output type (`output<void>()`) is the contract's way to say "nothing comes back".
      '@typescript-eslint/no-invalid-void-type': 'off',
      // An async function without await keeps a handler's type; rejections instead of throws.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
  { files: ['renderer/**/*.{ts,tsx}'], ...reactHooks.configs.flat.recommended },
  { files: ['main/electron.ts', 'main/electron/**', 'preload/electron.ts'], rules: { 'no-restricted-imports': restricted('electron') } },
  { files: ['main/ssh/**'], rules: { 'no-restricted-imports': restricted('ssh2') } },
  { files: ['main/terminal/host-shell.ts'], rules: { 'no-restricted-imports': restricted('node-pty') } },
  {
    files: tests,
    rules: {
      'max-lines': ['error', { max: 600 }],
      'import-x/no-restricted-paths': 'off',
      'no-restricted-imports': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  { files: ['*.config.ts', 'eslint.config.js'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['**/*.{js,mjs,cjs}'],
    extends: [tseslint.configs.base],
    rules: { curly: ['error', 'all'], eqeqeq: 'error', 'max-lines': ['error', { max: 400 }], 'no-unused-vars': 'error' },
  },
);
