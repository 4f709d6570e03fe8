// How set-up is shown: each step with its name and time, what it is doing where it takes longer, and for a failure what happened,
// what is kept and what to do. Everything goes to stderr, because stdout belongs to results.

export class StepError extends Error {
  /** @param {{ what: string, kept?: string, next: string }} parts */
  constructor({ what, kept = 'Everything that was finished before.', next }) {
    super(what);
    this.parts = { what, kept, next };
  }
}

const showAfterMs = 5000;
const plainEveryMs = 15_000;

export function createSteps({ out = process.stderr } = {}) {
  const live = out.isTTY === true;

  async function step(name, work) {
    const started = Date.now();
    const seconds = () => ((Date.now() - started) / 1000).toFixed(1);
    let doing = '';
    let saidAt = started;
    const width = () => Math.max(40, (out.columns ?? 100) - 1);
    const timer = setInterval(
      () => {
        if (Date.now() - started < showAfterMs) {
          return;
        }
        const line = `… ${name}  ${seconds()} s${doing === '' ? '' : `  ${doing}`}`;
        if (live) {
          out.write(`\r\x1b[2K${line.slice(0, width())}`);
        } else if (Date.now() - saidAt >= plainEveryMs) {
          saidAt = Date.now();
          out.write(`${line.slice(0, 200)}\n`);
        }
      },
      live ? 500 : 1000,
    );
    const end = (mark) => {
      clearInterval(timer);
      out.write(`${live ? '\r\x1b[2K' : ''}${mark} ${name}  ${seconds()} s\n`);
    };
    try {
      const result = await work((text) => {
        doing = text.trim();
      });
      end('✓');
      return result;
    } catch (error) {
      end('✗');
      throw error;
    }
  }

  return { step };
}

/** Prints why and ends with status 1; anything but a StepError is a fault of the script and shows its stack. */
export function failWith(error, out = process.stderr) {
  if (error instanceof StepError) {
    const indent = (text) => text.trim().split('\n').join('\n          ');
    out.write(`\n  What:   ${indent(error.parts.what)}\n  Kept:   ${indent(error.parts.kept)}\n  To do:  ${indent(error.parts.next)}\n`);
  } else {
    out.write(`${error?.stack ?? error}\n`);
  }
  process.exitCode = 1;
}
