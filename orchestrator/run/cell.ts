import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NatbedError } from "../errors.ts";
import { renderCellCompose } from "../plan/cell-compose.ts";
import type { CellResult, TrialResult } from "../report/events.ts";
import { rateSurprise, wilsonInterval } from "../report/wilson.ts";
import type { Cell } from "../scenario/cell.ts";
import { aggregate, contradiction } from "../verdict/aggregate.ts";
import { isResult } from "../verdict/outcome.ts";
import type { Station } from "./station.ts";
import { runTrial, writeJson } from "./trial.ts";

export interface CellPlace {
  readonly runDir: string;
  readonly seed: number;
  /** Release of the engine's kernel. */
  readonly kernel: string;
}

/** Runs all trials of a cell on one station. A broken world makes the cell an error, never a verdict (I-8). */
export async function runCell(station: Station, cell: Cell, { runDir, seed, kernel }: CellPlace): Promise<CellResult> {
  const started = performance.now();
  const dir = join("cells", cell.id);
  await mkdir(join(runDir, dir), { recursive: true });
  const trialSeed = (n: number): string => `${seed}/${cell.id}/${n}`;
  await writeJson(join(runDir, dir, "cell.json"), cell);
  await writeFile(join(runDir, dir, "compose.yaml"), renderCellCompose(cell, { seed: trialSeed(1), kernel }));
  const trials: TrialResult[] = [];
  let result: CellResult;
  try {
    for (let n = 1; n <= cell.trials; n += 1) {
      const place = { n, seed: trialSeed(n), runDir, dir: join(dir, `trial-${n}`) };
      trials.push(await runTrial(station, cell, place));
    }
    result = conclude(cell, trials, { tookMs: performance.now() - started, dir });
  } catch (error) {
    result = failed(cell, trials, { error, tookMs: performance.now() - started, dir });
  }
  await writeJson(join(runDir, dir, "result.json"), result);
  return result;
}

function conclude(cell: Cell, trials: TrialResult[], { tookMs, dir }: { tookMs: number; dir: string }): CellResult {
  const outcomes = trials.map(({ outcome }) => outcome);
  const odd = contradiction(cell, outcomes);
  const { direct, ...together } = aggregate(outcomes);
  const result = outcomes.every(isResult);
  const expectedRate = cell.expected.verdict === "direct" ? cell.expected.rate : undefined;
  const count = direct ?? { count: together.verdict === "direct" ? 1 : 0, of: 1 };
  const unexpected = expectedRate === undefined ? odd !== undefined : rateSurprise(count.count, count.of, expectedRate);
  // what contradicts is what is shown, even where most trials went as expected
  const { verdict, cause, why } = result && odd && expectedRate === undefined ? aggregate([odd]) : together;
  return {
    cell,
    state: "done",
    verdict,
    ...(cause === undefined ? {} : { cause }),
    why,
    trials,
    ...(direct ? { rate: { direct: direct.count, of: direct.of, ...wilsonInterval(direct.count, direct.of) } } : {}),
    surprise: result && unexpected,
    tookMs,
    dir,
  };
}

function failed(
  cell: Cell,
  trials: TrialResult[],
  { error, tookMs, dir }: { error: unknown; tookMs: number; dir: string },
): CellResult {
  const { code, message, detail } =
    error instanceof NatbedError
      ? error
      : { code: "unexpected", message: String(error), detail: (error as Error).stack };
  return {
    cell,
    state: "error",
    verdict: "error",
    why: message,
    trials,
    surprise: false,
    error: { code, message, ...(detail === undefined ? {} : { detail }) },
    tookMs,
    dir,
  };
}
