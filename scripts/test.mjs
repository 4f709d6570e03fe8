// npm test [-- stage | pattern]: sets up as npm start does and runs everything. The last line is `tests: N passed, N failed, N skipped`.
import { fetchElectron, hasDisplay, trialStart } from './lib/electron.mjs';
import { requireNode24 } from './lib/node24.mjs';
import { setUp } from './lib/setup.mjs';
import { createSteps, failWith } from './lib/steps.mjs';
import { createStages } from './lib/test-stages.mjs';

/** For the registries of test/lab, which unit tests use too. */
const labPackages = ['docker-registry', 'busybox-static', 'openssl', 'curl'];
/** Beyond what the build needs: a real browser, a display, the stock SSH client to compare with. */
const testPackages = [...labPackages, 'chromium', 'xvfb', 'xauth', 'openssh-client', 'fonts-noto-cjk'];
const heavy = ['vm', 'e2e', 'faults', 'load'];
const started = Date.now();

function print(stage, line) {
  if (line.trim() !== '') {
    process.stdout.write(`[${stage}] ${line}\n`);
  }
}

/** Undefined, or why the tests in Electron cannot run here. */
async function whyNoElectron() {
  const { file, reason } = await fetchElectron();
  if (file === undefined) {
    return reason;
  }
  const trial = await trialStart(file, hasDisplay() ? {} : { command: ['xvfb-run', '-a', file] });
  return trial.works ? undefined : `it does not start here: ${trial.reason}`;
}

async function main(args) {
  const { step } = createSteps({ out: process.stdout });
  const [asked, ...rest] = args;
  const quick = ['types', 'lint', 'format', 'unit'];
  const isStage = [...quick, ...heavy].includes(asked);
  const needsVm = asked === undefined || heavy.includes(asked) || !isStage;
  await setUp(step, { extraPackages: needsVm ? testPackages : asked === 'unit' ? labPackages : [], vm: needsVm, app: needsVm });

  const env = { ...process.env, NO_COLOR: '1' };
  delete env.FORCE_COLOR;
  const noElectron = asked === undefined || asked === 'e2e' || !isStage ? await step('Electron', whyNoElectron) : undefined;
  if (noElectron !== undefined) {
    env.BERTH_TEST_NO_ELECTRON = noElectron;
    process.stdout.write(`tests in Electron are skipped: ${noElectron}\n`);
  }
  const stages = createStages({ node: requireNode24(), env, print });
  const project = (name) => stages.vitest(name, ['--project', name, ...rest]);
  const work = {
    types: stages.types,
    lint: stages.lint,
    format: stages.format,
    ...Object.fromEntries(['unit', ...heavy].map((name) => [name, project(name)])),
  };
  const total = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const runStage = async (name, run) => {
    const begun = Date.now();
    const count = await run();
    for (const key of ['passed', 'failed', 'skipped']) {
      total[key] += count[key];
    }
    total.failures.push(...count.failures);
    const seconds = ((Date.now() - begun) / 1000).toFixed(0);
    process.stdout.write(
      `${count.failed === 0 ? '✓' : '✗'} ${name}  ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped  ${seconds} s\n`,
    );
  };
  const inTurn = async (names) => {
    for (const name of names) {
      await runStage(name, work[name]);
    }
  };

  if (asked === undefined) {
    // One after the other: beside a guest on two cores, tests that wait for the real time of something else miss it.
    await inTurn([...quick, ...heavy]);
  } else if (isStage) {
    await inTurn([asked]);
  } else {
    await runStage('matching', stages.vitest('matching', args));
  }
  process.stdout.write(`\n${((Date.now() - started) / 60_000).toFixed(1)} minutes\n`);
  return total;
}

const total = await main(process.argv.slice(2)).catch((error) => {
  failWith(error, process.stdout);
  return { passed: 0, failed: 1, skipped: 0, failures: [] };
});
// Once more at the end, where a long log is looked at first.
total.failures.forEach((line) => process.stdout.write(`failed: ${line}\n`));
process.exitCode = total.failed === 0 ? 0 : 1;
process.stdout.write(`tests: ${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
