import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeEvidence } from "../evidence/store.ts";
import { ADDRESS } from "../plan/addresses.ts";
import type { ByGateway } from "../plan/shape.ts";
import type { TrialResult } from "../report/events.ts";
import type { Cell } from "../scenario/cell.ts";
import { judge } from "../verdict/judge.ts";
import type { Outcome } from "../verdict/outcome.ts";
import { planAttempt } from "../world/attempt.ts";
import type { Prepared, Station } from "./station.ts";

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
  const gateways = Object.entries(prepared);
  const calibrations = Object.fromEntries(gateways.map(([at, { calibration }]) => [at, calibration]));
  await Promise.all([
    writeJson(join(path, "plan.json"), { addresses: ADDRESS, ...plan }),
    writeJson(join(path, "calibration.json"), calibrations),
    ...gateways.map(([at, { rules }]) => writeFile(join(path, `${at}.rules`), rules.readBack)),
  ]);
  const outcome = mismatch(prepared) ?? (await attemptAndJudge());
  await writeJson(join(path, "outcome.json"), outcome);
  return { n, outcome, tookMs: performance.now() - started, dir };

  async function attemptAndJudge(): Promise<Outcome> {
    const evidence = await station.attempt(plan, cell);
    await writeEvidence(path, cell.id, evidence);
    return judge(cell, evidence);
  }
}

/** A gateway that does not behave as its model says makes the trial invalid before it starts (I-4). */
function mismatch(prepared: ByGateway<Prepared>): Outcome | undefined {
  const mismatches = Object.entries(prepared).flatMap(([at, { calibration }]) =>
    calibration.mismatches.map((one) => `${at.toUpperCase()}: ${one}`),
  );
  if (mismatches.length === 0) return undefined;
  const message = mismatches.join("; ");
  return {
    verdict: "invalid",
    why: `the NAT is not what the cell claims: ${message}`,
    fault: { code: "calibration-mismatch", message },
  };
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 1)}\n`);
}
