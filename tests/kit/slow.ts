import { existsSync } from "node:fs";
import { join } from "node:path";
import { until } from "./until.ts";

/** A cell that takes `gapMs` at least: there is time to disturb it. Its NAs are listed, one cell each; `around` is more of the entry. */
export function slowEntry({
  block,
  na,
  gapMs = 20_000,
  around = {},
}: {
  block: string;
  na: readonly string[];
  gapMs?: number;
  around?: Readonly<Record<string, unknown>>;
}): string {
  return `  - technique: natblaster-2
    block: ${block}
    options: { syn: low-ttl, gapMs: ${gapMs} }
    na: [${na.join(", ")}]
    nb: [preserve]
    timeExceeded: [drop]
    deadlineMs: ${gapMs + 4_000}
    expect: [{ verdict: direct }]
${Object.entries(around)
  .map(([key, value]) => `    ${key}: ${JSON.stringify(value)}\n`)
  .join("")}`;
}

/** A cell that is over soon, and comes out as expected. */
export function quickEntry({ block, na }: { block: string; na: readonly string[] }): string {
  return `  - technique: connect
    block: ${block}
    na: [${na.join(", ")}]
    nb: [preserve]
    timeExceeded: [drop]
    expect: [{ verdict: blocked, cause: filtered }]
`;
}

export const scenario = (...entries: readonly string[]): string => `name: test\nmatrix:\n${entries.join("")}`;

/** Waits until the first attempt of a cell is about to begin: its plan is on disk. */
export async function untilPlanned(runDir: string, cellId: string): Promise<void> {
  const plan = join(runDir, "cells", cellId, "trial-1", "plan.json");
  await until(`the attempt of ${cellId}`, () => existsSync(plan) || undefined, { withinMs: 20_000 });
}
