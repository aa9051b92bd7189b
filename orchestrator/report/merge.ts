import { NatbedError } from "../errors.ts";
import { exitCodeOf } from "./counts.ts";
import type { RunCounts, RunEnd, RunReport } from "./events.ts";

/** From the least to the most that is missing of a run. */
const ENDS: readonly RunEnd[] = ["complete", "interrupted", "engine-lost"];

/**
 * One report of the shards of a run, in the order in which they are given. Throws NatbedError (usage) where they are no shards of one run: they
 * have a cell in common, or other seeds, so that no command would repeat both.
 */
export function mergeReports([first, ...others]: readonly [RunReport, ...RunReport[]], dir: string): RunReport {
  if (others.length === 0) return { ...first, dir };
  const shards = [first, ...others];
  refuseDifferentSeeds(shards);
  refuseSharedCells(shards);
  const starts = shards.map(({ startedAt }) => Date.parse(startedAt));
  const begin = Math.min(...starts);
  const end = Math.max(...shards.map(({ tookMs }, index) => starts[index]! + tookMs));
  const counts = shards.map((shard) => shard.counts).reduce(sum);
  const ended = ENDS[Math.max(...shards.map((shard) => ENDS.indexOf(shard.ended)))]!;
  return {
    schema: 1,
    id: `${first.id}-merged`,
    seed: first.seed,
    scenario: [...new Set(shards.flatMap(({ scenario }) => scenario))],
    startedAt: new Date(begin).toISOString(),
    tookMs: end - begin,
    dir,
    jobs: Math.max(...shards.map(({ jobs }) => jobs)),
    engine: {
      version: distinct(shards.map(({ engine }) => engine.version)),
      kind: distinct(shards.map(({ engine }) => engine.kind)),
      kernel: distinct(shards.map(({ engine }) => engine.kernel)),
    },
    ended,
    counts,
    exitCode: exitCodeOf({ ended, counts }),
    cells: shards.flatMap(({ cells }) => cells),
  };
}

function refuseDifferentSeeds(shards: readonly RunReport[]): void {
  const seeds = new Set(shards.map(({ seed }) => seed));
  if (seeds.size > 1)
    throw new NatbedError(`these runs have the seeds ${[...seeds].join(", ")}`, {
      kind: "usage",
      code: "not-shards",
      hint: "give all shards of a run one --seed",
    });
}

function refuseSharedCells(shards: readonly RunReport[]): void {
  const ids = shards.flatMap(({ cells }) => cells.map(({ cell }) => cell.id));
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined)
    throw new NatbedError(`cell ${twice} is in two of these runs`, {
      kind: "usage",
      code: "not-shards",
      hint: "name each shard once; natbed diff compares two runs of the same cells",
    });
}

function sum(one: RunCounts, other: RunCounts): RunCounts {
  const names = Object.keys(one) as (keyof RunCounts)[];
  return Object.fromEntries(names.map((name) => [name, one[name] + other[name]])) as unknown as RunCounts;
}

const distinct = (values: readonly string[]): string => [...new Set(values)].join(", ");
