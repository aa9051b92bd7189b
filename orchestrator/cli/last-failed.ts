import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { NatbedError } from "../errors.ts";
import { hasFailed } from "../report/counts.ts";
import { readRun } from "../report/directory.ts";
import type { RunReport } from "../report/events.ts";
import type { Cell } from "../scenario/cell.ts";

/** The newest run of a folder, and which of its cells there is reason to run again. */
export interface LastFailed {
  readonly run: RunReport;
  readonly ids: ReadonlySet<string>;
}

/** Run directories are named by the time that they began. */
const RUN_NAME = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-/;

/**
 * Cells of the newest run below `output` that were a surprise or have no result. A cell that was not run, or that the kernel cannot do, is
 * none of them. Throws NatbedError `no-run`.
 */
export async function lastFailed(output: string): Promise<LastFailed> {
  const run = await newestRun(output);
  return { run, ids: new Set(run.cells.filter(hasFailed).map(({ cell }) => cell.id)) };
}

async function newestRun(output: string): Promise<RunReport> {
  const entries = await readdir(output).catch((): string[] => []);
  for (const name of entries
    .filter((entry) => RUN_NAME.test(entry))
    .toSorted()
    .toReversed()) {
    try {
      return (await readRun(join(output, name))).report;
    } catch (error) {
      if (!(error instanceof NatbedError)) throw error; // one that was killed before it wrote anything is no run
    }
  }
  throw new NatbedError(`--last-failed: there is no run in ${output}`, {
    kind: "usage",
    code: "no-run",
    hint: "say where it is with --output",
  });
}

/** Those of the cells that failed; throws NatbedError `no-match` where a failed one is among them no more. */
export function failedOf(cells: readonly Cell[], { run, ids }: LastFailed): Cell[] {
  const gone = [...ids].filter((id) => !cells.some((cell) => cell.id === id));
  if (gone.length === 0) return cells.filter(({ id }) => ids.has(id));
  throw new NatbedError(`--last-failed: ${gone.join(", ")} of run ${run.id} is in none of the scenario files`, {
    kind: "usage",
    code: "no-match",
    hint: "they have changed since, or are others; choose cells with -t",
  });
}
