import { cp, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NatbedError } from "../../errors.ts";
import { readRun, writeReport, type RecordedRun } from "../directory.ts";
import type { RunReport } from "../events.ts";
import { mergeReports } from "../merge.ts";
import { openOutput } from "../output.ts";
import { unpackBlob } from "./unpack.ts";

/**
 * The run that one or more places hold: a directory as it is; a blob, or several of either, as a new run directory below `output`. Throws
 * NatbedError (usage) where a place is none, where they are no shards of one run, and where that directory is there already.
 */
export async function gatherRun(places: readonly [string, ...string[]], output: string): Promise<RecordedRun> {
  if (!(await areShards(places))) return readRun(places[0]);
  await openOutput(output);
  const folder = await mkdtemp(join(output, "merging-"));
  try {
    const shards: RecordedRun[] = [];
    for (const [index, place] of places.entries()) shards.push(await openShard(place, join(folder, String(index))));
    return await mergeInto(folder, shards, output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether a new run directory is made of them. */
export async function areShards([only, ...others]: readonly [string, ...string[]]): Promise<boolean> {
  return others.length > 0 || (await isFile(only));
}

async function openShard(place: string, dir: string): Promise<RecordedRun> {
  if (!(await isFile(place))) {
    const run = await readRun(place);
    await cp(join(place, "cells"), join(dir, "cells"), { recursive: true });
    return { ...run, report: { ...run.report, dir } };
  }
  const early = await unpackBlob(place, dir);
  const { report, damaged } = await readRun(dir);
  return { report, damaged: [...(early === undefined ? [] : [`${place} ${early}`]), ...damaged] };
}

async function mergeInto(folder: string, shards: readonly RecordedRun[], output: string): Promise<RecordedRun> {
  const reports = shards.map(({ report }) => report) as [RunReport, ...RunReport[]];
  const { id } = mergeReports(reports, "");
  const dir = join(output, id);
  if (await stat(dir).catch(() => undefined))
    throw new NatbedError(`${dir} is there already`, {
      kind: "usage",
      code: "run-exists",
      hint: `natbed report ${dir} shows it; --output makes another`,
    });
  const report = mergeReports(reports, dir);
  const merged = join(folder, "merged");
  await mkdir(join(merged, "cells"), { recursive: true });
  for (const { dir: shard } of reports)
    for (const cell of await readdir(join(shard, "cells")).catch(() => []))
      await rename(join(shard, "cells", cell), join(merged, "cells", cell));
  const { seed, jobs, scenario, startedAt, engine, counts } = report;
  const index = report.cells.map(({ cell }) => ({ id: cell.id, block: cell.block }));
  const run = { id, seed, jobs, scenario, startedAt, engine, total: counts.total, cells: index };
  await writeFile(join(merged, "run.json"), `${JSON.stringify(run, null, 1)}\n`);
  await writeReport({ ...report, dir: merged });
  await rename(merged, dir);
  await writeReport(report);
  return { report, damaged: shards.flatMap(({ damaged }) => damaged) };
}

async function isFile(place: string): Promise<boolean> {
  return stat(place).then(
    (found) => found.isFile(),
    () => false,
  );
}
