// What every benchmark prints: a table to read and one JSON line to keep. Ratios are of medians within one run; nothing is compared across runs.
import { cpus, loadavg } from 'node:os';

export interface Summary {
  readonly n: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return { n: sorted.length, median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, min: at(0), max: at(sorted.length - 1) };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export function table(rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? figure(cell) : cell)));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  return cells
    .map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '))
    .join('\n');
}

/** Three figures that matter, never an exponent. */
function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function print(name: string, rows: readonly (readonly (string | number)[])[], data: Readonly<Record<string, unknown>>): void {
  const machine = { cpu: cpus()[0]?.model ?? '', cores: cpus().length, load: loadavg().map((value) => Number(value.toFixed(2))) };
  process.stdout.write(`${table(rows)}\n${JSON.stringify({ bench: name, at: new Date().toISOString(), machine, ...data })}\n`);
}
