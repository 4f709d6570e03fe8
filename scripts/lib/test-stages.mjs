// The stages of `npm test`: what each runs and how its outcome is counted. Every stage resolves with { passed, failed, skipped, failures }, the last
// being a line for each that failed.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from './files.mjs';
import { dist, inModules, root } from './paths.mjs';
import { run } from './run.mjs';

const results = join(dist, 'test-results');
const zoneRules = ['import-x/no-restricted-paths', 'import-x/no-cycle', 'no-restricted-imports'];

/** A check that is one test: passed or failed as a whole. */
const asOne = (ok, what) =>
  ok ? { passed: 1, failed: 0, skipped: 0, failures: [] } : { passed: 0, failed: 1, skipped: 0, failures: [what] };

/** @param context { node, env, print } where print(stage, line) shows a line of a stage */
export function createStages({ node, env, print }) {
  const tool = (stage, file, args, onLine = (line) => print(stage, line)) =>
    run(node, [inModules(...file.split('/')), ...args], { cwd: root, env, onLine });

  async function types() {
    const result = await tool('types', 'typescript/bin/tsc', ['--build']);
    return asOne(result.code === 0, 'types');
  }

  async function format() {
    const result = await tool('format', 'prettier/bin/prettier.cjs', ['--check', '--log-level=warn', '.']);
    return asOne(result.code === 0, 'format');
  }

  /** Lint and import zones are one run and two tests. */
  async function lint() {
    mkdirSync(results, { recursive: true });
    const file = join(results, 'lint.json');
    rmSync(file, { force: true });
    const result = await tool('lint', 'eslint/bin/eslint.js', ['.', '--max-warnings', '0', '--format', 'json', '--output-file', file]);
    const found = (readJson(file) ?? []).flatMap(({ filePath, messages }) => messages.map((message) => ({ filePath, ...message })));
    for (const { filePath, line, column, message, ruleId } of found) {
      print('lint', `${filePath.slice(root.length + 1)}:${line}:${column} ${message} (${ruleId})`);
    }
    const zones = found.filter(({ ruleId }) => zoneRules.includes(ruleId));
    const whole = result.code === 0 || found.length > 0;
    const [a, b] = [asOne(whole && found.length === zones.length, 'lint'), asOne(whole && zones.length === 0, 'import zones')];
    return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: 0, failures: [...a.failures, ...b.failures] };
  }

  /** A project of vitest.config.ts, or files that match a pattern in all of them. */
  function vitest(stage, args) {
    return async () => {
      mkdirSync(results, { recursive: true });
      const file = join(results, `${stage}.json`);
      rmSync(file, { force: true });
      const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
      const result = await tool(stage, 'vitest/vitest.mjs', ['run', ...reporters, ...args]);
      return countVitest(stage, readJson(file), result.code);
    };
  }

  return { types, format, lint, vitest };
}

/** A file that could not be loaded and a run that ended badly without a failed test count as one failed test each. */
export function countVitest(stage, report, code) {
  if (report === undefined) {
    return asOne(false, `${stage}: no report`);
  }
  const tests = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages: [message = ''] }) => `${name}: ${fullName}: ${firstLine(message)}`),
  );
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((each) => each.status === 'failed'),
  );
  const files = broken.map(({ name, message }) => `${name}: ${firstLine(message)}`);
  const failures = [...tests, ...files].map((line) => `${stage} ${line.replaceAll(`${root}/`, '')}`);
  if (failures.length === 0 && code !== 0) {
    failures.push(`${stage}: exit ${code}`);
  }
  return {
    passed: report.numPassedTests,
    failed: failures.length,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
    failures,
  };
}

function firstLine(text) {
  // What vitest's JSON calls a test that was not done in its time: the name of the error that it keeps for the stack.
  return text.split('\n', 1)[0].replace('STACK_TRACE_ERROR', 'not done in its time').slice(0, 200);
}
