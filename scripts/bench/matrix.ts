import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "zx";
import type { RunReport } from "../../orchestrator/report/events.ts";
import { median, type Row } from "./timing.ts";

const ROUNDS = 3;
/** Deterministic and decided within milliseconds: what is measured is the harness, not a deadline. */
const QUICK = ["--filter", "/^natblaster-2-(low-ttl|normal)\\.preserve~preserve\\./"];
/** A third of the matrix, in which every kind of cell stands about as often as in the whole, but for the birthday, whose trials are drawn. */
const SAMPLE = ["--filter", "/^(?!natblaster-4).*\\.preserve~/"];

/** Cells per minute, world start and end included: the paper's matrix as users run it, and what warm worlds bring. */
export async function benchMatrix(): Promise<Row[]> {
  const sample = await cellsPerMinute(SAMPLE);
  const [warm, fresh]: [number[], number[]] = [[], []];
  for (let round = 1; round <= ROUNDS; round += 1) {
    warm.push(await cellsPerMinute([...QUICK, "--jobs", "2"]));
    fresh.push(await cellsPerMinute([...QUICK, "--jobs", "2", "--fresh"]));
  }
  return [
    ["the paper's cells, those with a port-preserving NA", `${sample.toFixed(0)} a minute`],
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
    // a cell that a busy machine spoiled has no result and exit code 3, and took its time all the same
    const run = await $({ quiet: true, nothrow: true })`bin/natbed matrix ${extra} --seed 1 --json --output ${output}`;
    if (run.exitCode !== 0 && run.exitCode !== 3) throw new Error(`natbed matrix: ${run.stderr}`);
    const report = JSON.parse(run.stdout) as RunReport;
    return (report.counts.total / report.tookMs) * 60_000;
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}
