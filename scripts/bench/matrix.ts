import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "zx";
import type { RunReport } from "../../orchestrator/report/events.ts";
import { median, type Row } from "./timing.ts";

const ROUNDS = 3;
/** Deterministic and decided within milliseconds: what is measured is the harness, not a deadline. */
const QUICK = ["--filter", "/^natblaster-2-(low-ttl|normal)\\.(preserve|sequential)~(preserve|sequential)\\./"];
/** Everything but the birthday, whose trials are drawn. */
const DETERMINISTIC = ["--filter", "/^(?!natblaster-4)/"];

/** Cells per minute, world start and end included: the deterministic matrix as users run it, and what warm worlds bring. */
export async function benchMatrix(): Promise<Row[]> {
  const whole = await cellsPerMinute(DETERMINISTIC);
  const [warm, fresh]: [number[], number[]] = [[], []];
  for (let round = 1; round <= ROUNDS; round += 1) {
    warm.push(await cellsPerMinute([...QUICK, "--jobs", "2"]));
    fresh.push(await cellsPerMinute([...QUICK, "--jobs", "2", "--fresh"]));
  }
  return [
    ["all deterministic cells of the paper", `${whole.toFixed(0)} a minute`],
    ["those that need not wait, two warm worlds", `${median(warm).toFixed(0)} a minute`],
    [
      "the same, a fresh world per cell",
      `${median(fresh).toFixed(0)} a minute: warm is ${(median(warm) / median(fresh)).toFixed(1)} times as fast`,
    ],
  ];
}

async function cellsPerMinute(extra: readonly string[]): Promise<number> {
  const output = mkdtempSync(join(tmpdir(), "natbed-bench-"));
  try {
    const { stdout } = await $`bin/natbed matrix ${extra} --seed 1 --json --output ${output}`.quiet();
    const report = JSON.parse(stdout) as RunReport;
    if (report.exitCode !== 0) throw new Error(`the run was not as expected: ${JSON.stringify(report.counts)}`);
    return (report.counts.total / report.tookMs) * 60_000;
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}
