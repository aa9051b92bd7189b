import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { NatbedError } from "../errors.ts";
import { countCells, exitCodeOf } from "./counts.ts";
import type { CellResult, RunReport } from "./events.ts";
import { renderJson } from "./json.ts";

/** What a run directory holds: the report, and files of it that could not be read (a killed run leaves the last one torn). */
export interface RecordedRun {
  readonly report: RunReport;
  readonly damaged: readonly string[];
}

/** Writes report.json into the run's directory: what every reporter renders from. */
export async function writeReport(report: RunReport): Promise<void> {
  await writeFile(join(report.dir, "report.json"), renderJson(report));
}

/**
 * Reads a run back from its directory alone (I-9): report.json, or for a run that was killed run.json and the result of every
 * cell that was finished. Throws NatbedError `run-unreadable` where it is not a run directory.
 */
export async function readRun(dir: string): Promise<RecordedRun> {
  const report = await readJson(join(dir, "report.json"), REPORT);
  if (report) return { report: { ...(report as unknown as RunReport), dir }, damaged: [] };
  const run = await readJson(join(dir, "run.json"), RUN);
  if (run) return assemble(dir, run);
  throw new NatbedError(`${dir} holds no run`, {
    kind: "usage",
    code: "run-unreadable",
    hint: "name a directory below runs/ that has a report.json or a run.json",
  });
}

const ENGINE = z.object({ version: z.string(), kind: z.string(), kernel: z.string() });
const RESULT = z.looseObject({ cell: z.looseObject({ id: z.string(), block: z.string() }), verdict: z.string() });
const REPORT = z.looseObject({
  schema: z.literal(1),
  id: z.string(),
  cells: z.array(RESULT),
  counts: z.looseObject({}),
});
const RUN = z.looseObject({
  id: z.string(),
  seed: z.number(),
  total: z.number(),
  startedAt: z.string(),
  cells: z.array(z.looseObject({ id: z.string() })),
  jobs: z.number().default(1),
  scenario: z.array(z.string()).default([]),
  engine: ENGINE.default({ version: "unknown", kind: "unknown", kernel: "unknown" }),
});

async function assemble(dir: string, run: z.output<typeof RUN>): Promise<RecordedRun> {
  const cells: CellResult[] = [];
  const damaged: string[] = [];
  for (const { id } of run.cells) {
    const file = join("cells", id, "result.json");
    try {
      const result = await readJson(join(dir, file), RESULT);
      if (result) cells.push(result as unknown as CellResult);
    } catch {
      damaged.push(file);
    }
  }
  const counts = countCells(run.total, cells);
  // Nobody wrote down when it was killed: the cells' own time is the least it took.
  const tookMs = cells.reduce((sum, { tookMs: took }) => sum + took, 0) / run.jobs;
  const { id, seed, scenario, startedAt, jobs, engine } = run;
  const ended = "interrupted" as const;
  const exitCode = exitCodeOf({ ended, counts });
  return {
    report: { schema: 1, id, seed, scenario, startedAt, tookMs, dir, jobs, engine, ended, counts, exitCode, cells },
    damaged,
  };
}

/** The file's data, undefined where there is no such file. Throws NatbedError `run-unreadable` where it is something else. */
async function readJson<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema> | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new NatbedError(`${path} is damaged or of another version`, { kind: "usage", code: "run-unreadable", cause });
  }
}

function isAbsence(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
