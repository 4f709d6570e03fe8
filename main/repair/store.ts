// What repairs did, and where they put disks aside: a small file that may be lost without anything else being lost.
import { z } from 'zod';
import { rungNames } from '../../preload/contract';
import type { RepairReport } from '../../preload/contract';
import { readJsonOr, writeJson } from '../lib/atomic-file';

const REPORTS = 20;

const params = z.record(z.string(), z.union([z.string(), z.number()]));
const reportSchema = z.object({
  task: z.string(),
  rung: z.enum(rungNames),
  startedAt: z.number(),
  endedAt: z.number().optional(),
  result: z.enum(['running', 'done', 'partly', 'damaged', 'failed', 'cancelled']),
  facts: z.array(z.object({ key: z.string(), params })),
  words: z.array(z.string()),
  error: z.object({ code: z.string(), params }).optional(),
});
const storeSchema = z.object({ reports: z.array(reportSchema), kept: z.array(z.string()) });

interface Stored {
  readonly reports: readonly RepairReport[];
  readonly kept: readonly string[];
}

function parse(value: unknown): Stored {
  storeSchema.parse(value);
  return value as Stored; // What was just checked; a JSON has no undefined in it.
}

export interface RepairStore {
  reports(): readonly RepairReport[];
  /** Paths of disks that were copied or set aside. */
  kept(): readonly string[];
  /** The report of a task that runs, new or changed. */
  report(report: RepairReport): void;
  /** The same, on the disk first. */
  write(report: RepairReport): Promise<void>;
  keep(paths: readonly string[]): Promise<void>;
}

export async function openRepairStore(path: string): Promise<RepairStore> {
  const read = await readJsonOr<Stored>(path, parse, { reports: [], kept: [] });
  // One that was under way when the backend died has ended with it.
  let reports: readonly RepairReport[] = read.reports.map((report) =>
    report.result === 'running' ? { ...report, result: 'failed' } : report,
  );
  let kept: readonly string[] = read.kept;
  const withReport = (report: RepairReport): readonly RepairReport[] =>
    [report, ...reports.filter(({ task }) => task !== report.task)].slice(0, REPORTS);
  return {
    reports: () => reports,
    kept: () => kept,
    report(report) {
      reports = withReport(report);
    },
    async write(report) {
      try {
        await writeJson(path, { reports: withReport(report), kept });
      } finally {
        reports = withReport(report);
      }
    },
    async keep(paths) {
      kept = [...new Set([...kept, ...paths])];
      await writeJson(path, { reports, kept });
    },
  };
}
