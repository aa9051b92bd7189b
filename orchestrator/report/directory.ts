import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { NatbedError } from "../errors.ts";
import { countCells, exitCodeOf } from "./counts.ts";
import type { CellResult, RunReport } from "./events.ts";
import { renderJson } from "./json.ts";
import { reportFile, resultFile, runFile } from "./schema.ts";

/** What a run directory holds: the report, and what of it could not be read (a killed run leaves the last file torn). */
export interface RecordedRun {
  readonly report: RunReport;
  readonly damaged: readonly string[];
}

/** Writes report.json into the run's directory: what every reporter renders from. */
export async function writeReport(report: RunReport): Promise<void> {
  await writeFile(join(report.dir, "report.json"), renderJson(report));
}

/**
 * Reads a run back from its directory alone (I-9): report.json, or where that is missing or torn run.json and the result of every
 * cell that was finished. Throws NatbedError `run-unreadable` where it is not a run directory, or one of another version.
 */
export async function readRun(dir: string): Promise<RecordedRun> {
  const report = await readJson(join(dir, "report.json"), reportFile);
  if (report.kind === "read") return wholeRun(dir, report.value);
  if (report.kind === "damaged" && report.schema !== undefined && report.schema !== 1)
    throw unreadable(
      `${join(dir, "report.json")} is of another version: its schema is ${JSON.stringify(report.schema)}, not 1`,
      report,
    );
  const run = await readJson(join(dir, "run.json"), runFile);
  const torn = report.kind === "damaged" ? ["report.json"] : [];
  if (run.kind === "read") return assemble(dir, run.value, torn);
  if (run.kind === "damaged") throw unreadable(`${join(dir, "run.json")} is damaged or of another version`, run);
  if (report.kind === "damaged") throw unreadable(`${join(dir, "report.json")} is damaged`, report);
  throw new NatbedError(`${dir} holds no run`, {
    kind: "usage",
    code: "run-unreadable",
    hint: "name a directory below runs/ that has a report.json or a run.json",
  });
}

function unreadable(message: string, { cause }: Extract<Read<unknown>, { kind: "damaged" }>): NatbedError {
  const detail = cause instanceof z.ZodError ? z.prettifyError(cause).split("\n").slice(0, 6).join("\n") : undefined;
  return new NatbedError(message, { kind: "usage", code: "run-unreadable", cause, ...(detail && { detail }) });
}

function wholeRun(dir: string, report: z.output<typeof reportFile>): RecordedRun {
  const damaged: string[] = [];
  const cells = report.cells.flatMap((one, index) => {
    const { success, data } = resultFile.safeParse(one);
    if (!success) damaged.push(`report.json: cell ${index + 1} of ${report.cells.length}${named(one)}`);
    return success ? [data] : [];
  });
  return { report: { ...report, cells, dir }, damaged };
}

function named(result: unknown): string {
  const id = z.object({ cell: z.object({ id: z.string() }) }).safeParse(result).data?.cell.id;
  return id === undefined ? "" : ` (${id})`;
}

async function assemble(dir: string, run: z.output<typeof runFile>, torn: readonly string[]): Promise<RecordedRun> {
  const cells: CellResult[] = [];
  const damaged = [...torn];
  for (const { id } of run.cells) {
    const file = join("cells", id, "result.json");
    const result = await readJson(join(dir, file), resultFile);
    if (result.kind === "read") cells.push(result.value);
    else if (result.kind === "damaged") damaged.push(file);
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

type Read<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "absent" }
  /** `schema`: of what version the file says it is. */
  | { readonly kind: "damaged"; readonly cause: unknown; readonly schema?: unknown };

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<Read<T>> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isAbsence(error)) return { kind: "absent" };
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    const { success, data, error: cause } = schema.safeParse(value);
    return success ? { kind: "read", value: data } : { kind: "damaged", cause, schema: Object(value)["schema"] };
  } catch (cause) {
    return { kind: "damaged", cause };
  }
}

function isAbsence(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
