import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readRun, writeReport } from "../../../orchestrator/report/directory.ts";
import { CELLS, reportOf, TROUBLED } from "./results.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "natbed-report-"));
});
afterEach(() => rm(dir, { recursive: true }));

const write = async (path: string, text: string) => {
  await mkdir(join(dir, path, ".."), { recursive: true });
  await writeFile(join(dir, path), text);
};

describe("a run directory", () => {
  it("gives back the report that was written (I-9)", async () => {
    const report = reportOf(TROUBLED, { dir });
    await writeReport(report);
    expect(await readRun(dir)).toEqual({ report, damaged: [] });
  });

  it("renders wherever it was moved to", async () => {
    await write("report.json", JSON.stringify(reportOf(TROUBLED, { dir: "runs/elsewhere" })));
    expect((await readRun(dir)).report.dir).toBe(dir);
  });

  it("of a killed run gives what was finished, in the run's order, and names the torn file", async () => {
    const cells = CELLS.map(({ id, block }) => ({ id, block }));
    await write(
      "run.json",
      JSON.stringify({ id: "r1", seed: 42, total: CELLS.length, startedAt: "2026-11-22T10:00:00.000Z", cells }),
    );
    const [first, second, third] = TROUBLED as [(typeof TROUBLED)[0], (typeof TROUBLED)[0], (typeof TROUBLED)[0]];
    await write(`${second.dir}/result.json`, JSON.stringify(second));
    await write(`${first.dir}/result.json`, JSON.stringify(first));
    await write(`${third.dir}/result.json`, JSON.stringify(third).slice(0, 100));
    const { report, damaged } = await readRun(dir);
    expect(report).toMatchObject({ id: "r1", seed: 42, ended: "interrupted", exitCode: 130, dir });
    expect(report.cells.map(({ cell }) => cell.id)).toEqual([first.cell.id, second.cell.id]);
    expect(report.counts).toMatchObject({ total: CELLS.length, errors: 1, notRun: CELLS.length - 2 });
    expect(damaged).toEqual([`${third.dir}/result.json`]);
  });

  it("that is none, or is damaged, is a usage error", async () => {
    await expect(readRun(dir)).rejects.toMatchObject({ kind: "usage", code: "run-unreadable" });
    await expect(readRun(join(dir, "nowhere"))).rejects.toMatchObject({ code: "run-unreadable" });
    await write("report.json", '{"schema": 9}');
    await expect(readRun(dir)).rejects.toThrow(/report\.json is of another version: its schema is 9, not 1/);
  });
});
