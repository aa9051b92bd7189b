import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CellResult } from "../../orchestrator/report/events.ts";
import type { Outcome } from "../../orchestrator/verdict/outcome.ts";
import type { AgentLog } from "../../orchestrator/evidence/types.ts";
import type { AttemptPlan } from "../../orchestrator/world/attempt.ts";
import type { Calibration } from "../../orchestrator/world/calibrate.ts";
import type { NodeId } from "../../wire/control.ts";
import type { ConntrackRecord } from "../../wire/evidence.ts";
import { readPcapng, type PcapngRead } from "../../wire/pcapng-reader.ts";

/** Everything that a trial left in the run directory, as a reader finds it there. */
export interface RecordedTrial {
  readonly dir: string;
  readonly plan: AttemptPlan & { readonly addresses: Readonly<Record<string, string>> };
  readonly calibration: Readonly<Record<"na" | "nb", Calibration>>;
  readonly rules: Readonly<Record<"na" | "nb", string>>;
  readonly agents: readonly AgentLog[];
  readonly conntrack: readonly (ConntrackRecord & { readonly node: NodeId })[];
  readonly capture: PcapngRead;
  readonly captureFile: string;
  readonly outcome: Outcome;
}

/** Reads the `n`th trial of a cell (1-based). */
export function readTrial(runDir: string, { trials }: CellResult, n = 1): RecordedTrial {
  const trial = trials[n - 1];
  if (!trial) throw new Error(`no trial ${n}`);
  const dir = join(runDir, trial.dir);
  const text = (name: string): string => readFileSync(join(dir, name), "utf8");
  const json = (name: string): never => JSON.parse(text(name)) as never;
  const lines = (name: string): never =>
    text(name)
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as unknown) as never;
  const captureFile = join(dir, "capture.pcapng");
  return {
    dir,
    plan: json("plan.json"),
    calibration: json("calibration.json"),
    rules: { na: text("na.rules"), nb: text("nb.rules") },
    agents: lines("agents.jsonl"),
    conntrack: lines("conntrack.jsonl"),
    capture: readPcapng(readFileSync(captureFile)),
    captureFile,
    outcome: json("outcome.json"),
  };
}

/** Rules without what differs from one reading to the next: the date, and counters. */
export function stableRules(rules: string): string {
  return rules.replaceAll(/^#.*\n/gm, "").replaceAll(/\[\d+:\d+\]/g, "");
}
