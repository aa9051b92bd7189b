import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeEvidence } from "../evidence/store.ts";
import { ADDRESS } from "../plan/addresses.ts";
import type { TrialResult } from "../report/events.ts";
import type { Cell } from "../scenario/cell.ts";
import { measure } from "../verdict/measures.ts";
import { judge } from "../verdict/judge.ts";
import type { Outcome } from "../verdict/outcome.ts";
import { planAttempt } from "../world/attempt.ts";
import type { PreparedWorld, Station } from "./station.ts";

export interface TrialPlace {
  /** 1-based. */
  readonly n: number;
  /** Everything random about the trial follows from it. */
  readonly seed: string;
  readonly runDir: string;
  /** Relative to the run directory. */
  readonly dir: string;
}

/** Prepares the station, plays the trial, keeps its evidence, and judges it. Throws only where the world broke (I-8). */
export async function runTrial(
  station: Station,
  cell: Cell,
  { n, seed, runDir, dir }: TrialPlace,
): Promise<TrialResult> {
  const started = performance.now();
  const prepared = await station.prepare(cell);
  const plan = planAttempt(cell, seed);
  const path = join(runDir, dir);
  await mkdir(path, { recursive: true });
  const gateways = Object.entries(prepared.gateways);
  const calibrations = Object.fromEntries(gateways.map(([at, { calibration }]) => [at, calibration]));
  await Promise.all([
    writeJson(join(path, "plan.json"), { addresses: ADDRESS, ...plan }),
    writeJson(join(path, "calibration.json"), { ...calibrations, core: prepared.core }),
    ...gateways.map(([at, { rules }]) => writeFile(join(path, `${at}.rules`), rules.readBack)),
  ]);
  const mistaken = mismatch(prepared);
  const { outcome, ...measured } = mistaken ? { outcome: mistaken } : await attemptAndJudge();
  await writeJson(join(path, "outcome.json"), outcome);
  return { n, outcome, ...measured, tookMs: performance.now() - started, dir };

  async function attemptAndJudge(): Promise<Pick<TrialResult, "outcome" | "measures">> {
    const evidence = await station.attempt(plan, cell);
    await writeEvidence(path, cell.id, evidence);
    return { outcome: judge(cell, evidence), measures: measure(cell, evidence) };
  }
}

/** A gateway or a core that does not behave as its model says makes the trial invalid before it starts (I-4). */
function mismatch({ gateways, core }: PreparedWorld): Outcome | undefined {
  const mismatches = Object.entries(gateways).flatMap(([at, { calibration }]) =>
    calibration.mismatches.map((one) => `${at.toUpperCase()}: ${one}`),
  );
  return misdeclared("the NAT", mismatches) ?? misdeclared("the core", core.mismatches);
}

function misdeclared(what: string, mismatches: readonly string[]): Outcome | undefined {
  if (mismatches.length === 0) return undefined;
  const message = mismatches.join("; ");
  return {
    verdict: "invalid",
    why: `${what} is not what the cell claims: ${message}`,
    fault: { code: "calibration-mismatch", message },
  };
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 1)}\n`);
}
