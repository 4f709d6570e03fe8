// The engine's configuration in lines: what is wrong and where, what changes, what that costs, and the same as `--json` shows it. Changes nothing.
import type { ConfigChange, ConfigCheck, ConfigDifference, ConfigHistoryEntry, ConfigProblem } from '../../preload/contract';
import { columns, errorJson, shownTime } from './kit';
import type { Output } from './output';

/** `daemon.json:3:7: error: …`, as compilers say it. */
export function problemLine({ severity, error, place, path }: ConfigProblem, name: string, { texts }: Output): string {
  const where =
    place === undefined ? [name, path.join('.')].filter((part) => part !== '').join(': ') : `${name}:${place.line}:${place.column}`;
  const { title, next } = texts.error(error);
  return `${where}: ${texts.text('cli', `config.${severity}`)}: ${title}. ${next}`;
}

export function changeLines(changes: readonly ConfigChange[]): string[] {
  return changes.flatMap(({ key, before, after }) => pair(key, before, after));
}

/** What is set with a minus, what is in force with a plus. */
export function differenceLines(differences: readonly ConfigDifference[]): string[] {
  return differences.flatMap(({ key, asked, inForce }) => pair(key, asked, inForce));
}

function pair(key: string, before: unknown, after: unknown): string[] {
  const line = (mark: string, value: unknown): string[] => (value === undefined ? [] : [`${mark} ${key}: ${JSON.stringify(value)}`]);
  return [...line('-', before), ...line('+', after)];
}

/** What the change costs, and whom. */
export function costLines({ class: cost, effects }: Pick<ConfigCheck, 'class' | 'effects'>, { texts }: Output): string[] {
  const line = (key: string, params: Readonly<Record<string, string | number>> = {}): string => texts.text('cli', key, params);
  const { stops, hidesImages, hidesContainers, hidesBytes } = effects;
  return [
    line(`config.class.${cost}`),
    ...(stops.length === 0 ? [] : [line('config.stops', { count: stops.length, names: stops.join(', ') })]),
    ...(hidesImages + hidesContainers === 0
      ? []
      : [line('config.hides', { images: hidesImages, containers: hidesContainers, sizeBytes: hidesBytes })]),
  ];
}

export function historyLines(entries: readonly ConfigHistoryEntry[], output: Output): string[] {
  const text = (key: string): string => output.texts.text('cli', key);
  const head = ['id', 'when', 'origin', 'result', 'class', 'keys'].map((name) => text(`config.history.${name}`));
  const rows = entries.map((entry) => [
    entry.id,
    shownTime(entry.at, output),
    text(`config.origin.${entry.origin}`),
    text(`config.result.${entry.result}`),
    text(`config.classShort.${entry.class}`),
    entry.changes.map(({ key }) => key).join(', '),
  ]);
  return columns([head, ...rows]);
}

export function checkJson(check: ConfigCheck, output: Output): Record<string, unknown> {
  return {
    class: check.class,
    changes: check.changes,
    effects: check.effects,
    problems: check.problems.map((problem) => ({ ...problem, error: errorJson(problem.error, output) })),
  };
}
