import { execFileSync } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readRun, writeReport } from "../../../../orchestrator/report/directory.ts";
import type { CellResult, RunReport } from "../../../../orchestrator/report/events.ts";
import { publish } from "../../../../orchestrator/report/reporters/publish.ts";
import { gatherRun } from "../../../../orchestrator/report/reporters/shards.ts";
import { reportOf, TROUBLED } from "../results.ts";
import { openDesk } from "./desk.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "natbed-shards-"));
});
afterEach(() => rm(dir, { recursive: true }));

/** A shard's run directory, with a file of evidence for each cell, and its blob. */
async function shard(name: string, cells: CellResult[], changes: Partial<RunReport> = {}) {
  const run = join(dir, name);
  const report = reportOf(cells, { dir: run, id: name, ...changes });
  report.counts = { ...report.counts, total: cells.length, notRun: 0 };
  for (const result of cells) {
    await mkdir(join(run, result.dir, "trial-1"), { recursive: true });
    await writeFile(join(run, result.dir, "trial-1", "capture.pcapng"), `packets of ${result.cell.id}`.repeat(200));
  }
  await writeFile(join(run, "junk"), "no part of a run");
  await writeReport(report);
  const published = await publish(await readRun(run), { name: "blob" }, openDesk().desk);
  if (!published.done) throw new Error(published.why);
  return { run, blob: published.file!, report };
}

const output = () => join(dir, "out");

describe("a blob", () => {
  it("is an archive of the report and all evidence, the report first, and nothing else", async () => {
    const { blob } = await shard("one", TROUBLED.slice(0, 3));
    const names = execFileSync("tar", ["tzf", blob], { encoding: "utf8" }).trimEnd().split("\n");
    expect(names).toEqual([
      "report.json",
      ...TROUBLED.slice(0, 3)
        .map(({ dir: cell }) => `${cell}/trial-1/capture.pcapng`)
        .toSorted(),
    ]);
  });

  it("gives back the run that it was made of", async () => {
    const { blob, report } = await shard("one", TROUBLED);
    const gathered = await gatherRun([blob], output());
    expect(gathered).toEqual({ report: { ...report, dir: join(output(), "one") }, damaged: [] });
    expect(await readRun(join(output(), "one"))).toEqual(gathered);
    expect(await readdir(output())).toEqual(["one"]);
  });
});

describe("shards", () => {
  it("become one run with the evidence of each, whether they are blobs or directories", async () => {
    const [one, other] = [
      await shard("one", TROUBLED.slice(0, 4), { ended: "interrupted" }),
      await shard("other", TROUBLED.slice(4), {
        startedAt: "2026-11-22T10:00:40.000Z",
        engine: { version: "29", kind: "private", kernel: "7.0" },
      }),
    ];
    const { report, damaged } = await gatherRun([one.blob, other.run], output());
    expect(damaged).toEqual([]);
    expect(report).toMatchObject({
      id: "one-merged",
      seed: 42,
      startedAt: "2026-11-22T10:00:00.000Z",
      tookMs: 87_000,
      ended: "interrupted",
      exitCode: 130,
      engine: { version: "28.5.2, 29", kind: "private", kernel: "6.18, 7.0" },
      counts: { total: 11, asExpected: 8, surprises: 1, errors: 1, invalid: 1, notRun: 0 },
    });
    expect(report.cells.map(({ cell }) => cell.id)).toEqual(TROUBLED.map(({ cell }) => cell.id));
    for (const { cell, dir: of } of report.cells)
      expect(await readFile(join(report.dir, of, "trial-1", "capture.pcapng"), "utf8")).toContain(cell.id);
    expect((await readdir(other.run)).toSorted()).toEqual(["cells", "junk", "report.blob", "report.json"]);
    expect(await readdir(output())).toEqual(["one-merged"]);
  });

  it("of two runs are refused, and so are the same twice, and nothing is left behind", async () => {
    const one = await shard("one", TROUBLED.slice(0, 4));
    const other = await shard("other", TROUBLED.slice(4), { seed: 43 });
    await expect(gatherRun([one.blob, other.blob], output())).rejects.toMatchObject({
      kind: "usage",
      code: "not-shards",
      message: "these runs have the seeds 42, 43",
    });
    await expect(gatherRun([one.blob, one.run], output())).rejects.toThrow(
      `cell ${TROUBLED[0]!.cell.id} is in two of these runs`,
    );
    expect(await readdir(output())).toEqual([]);
    await gatherRun([one.blob], output());
    await expect(gatherRun([one.blob], output())).rejects.toMatchObject({ code: "run-exists" });
  });

  it("that were cut off keep what is there, and say so", async () => {
    const { blob } = await shard("one", TROUBLED);
    await truncate(blob, (await readFile(blob)).length - 200);
    const { report, damaged } = await gatherRun([blob], output());
    expect(report.cells).toHaveLength(11);
    expect(damaged).toEqual([expect.stringMatching(/one\/report\.blob ends early, behind \d+ files: /)]);
  });

  it.each([
    ["a file outside", { name: "../../outside" }],
    ["a file outside, behind a cell", { name: "cells/../../outside" }],
    ["an absolute file", { name: "/tmp/outside" }],
    ["a link", { name: "cells/x/trial-1", type: "symlink" as const, linkname: "/etc" }],
    ["what no run has", { name: "cells/x/y/z/w" }],
  ])("with %s are refused, and write nothing", async (_, header) => {
    const archive = pack();
    archive.entry(header, "");
    archive.finalize();
    const blob = join(dir, "evil.blob");
    await pipeline(archive as unknown as NodeJS.ReadableStream, createGzip(), createWriteStream(blob));
    await expect(gatherRun([blob], output())).rejects.toMatchObject({ kind: "usage", code: "blob-unreadable" });
    expect((await readdir(dir, { recursive: true })).toSorted()).toEqual(["evil.blob", "out"]);
  });

  it("that are no blobs are refused", async () => {
    await writeFile(join(dir, "text"), "no archive");
    await expect(gatherRun([join(dir, "text")], output())).rejects.toMatchObject({ code: "blob-unreadable" });
    await expect(gatherRun([join(dir, "nowhere")], output())).rejects.toMatchObject({ code: "run-unreadable" });
  });
});
