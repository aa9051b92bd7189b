import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chooseCells } from "../../../orchestrator/cli/matrix.ts";
import { writeReport } from "../../../orchestrator/report/directory.ts";
import type { CellResult } from "../../../orchestrator/report/events.ts";
import { openFolder, type Folder } from "../../kit/command.ts";
import { CELLS, SCENARIO, TROUBLED, reportOf, resultsWith } from "../report/results.ts";

const FAILED = [
  "simultaneous-open.preserve~random.drop.te-translate",
  "simultaneous-open.random~random.drop.te-translate",
  "relay.random~random.drop.te-translate",
];

describe("--last-failed", () => {
  let folder: Folder;
  let said: string;
  beforeEach(() => {
    folder = openFolder();
    said = "";
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      said += String(text);
      return true;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    folder[Symbol.dispose]();
  });

  /** A run that began at that hour, of the sample scenario as it is in this folder. */
  async function ran(hour: string, cells: CellResult[], seed: number): Promise<string> {
    const file = folder.write("sample.yaml", SCENARIO);
    const id = `2026-11-22T${hour}-00-00-abcd`;
    const dir = join(folder.path, id);
    mkdirSync(dir);
    await writeReport(reportOf(cells, { id, dir, seed, scenario: [file] }));
    return id;
  }

  const chosen = async (files: string[] = [], more: { readonly filter?: string[]; readonly seed?: number } = {}) => {
    const { cells, seed } = await chooseCells(files, { lastFailed: true, output: folder.path, ...more });
    return { ids: cells.map(({ id }) => id), seed };
  };

  it("chooses what surprised or has no result in the newest run, with its seed and its scenario", async () => {
    await ran("09", resultsWith({ "public.none~none": { surprise: true } }), 1);
    await ran("10", TROUBLED, 7);
    await ran("08", [], 3);
    const { ids, seed } = await chosen();
    expect(ids.toSorted()).toEqual(FAILED.toSorted());
    expect(ids).toEqual(CELLS.map(({ id }) => id).filter((id) => FAILED.includes(id)));
    expect(seed).toBe(7);
  });

  it("leaves cells that the kernel cannot do, and such as were not run", async () => {
    const [first, second, ...others] = resultsWith({ "public.none~none": { surprise: true } });
    const skipped: CellResult = { ...first!, state: "skipped", verdict: "unsupported" };
    await ran("10", [skipped, ...others.filter(({ cell }) => cell.id !== second!.cell.id)], 7);
    expect((await chosen()).ids).toEqual(["public.none~none"]);
  });

  it("goes with a filter, and with a seed of one's own", async () => {
    await ran("10", TROUBLED, 7);
    expect(await chosen([], { filter: ["relay"], seed: 9 })).toEqual({ ids: [FAILED[2]], seed: 9 });
    await expect(chosen([], { filter: ["public"] })).rejects.toMatchObject({ code: "no-match" });
  });

  it("passes over directories that hold no run", async () => {
    await ran("10", TROUBLED, 7);
    mkdirSync(join(folder.path, "2026-11-22T11-00-00-dead"));
    writeFileSync(join(folder.path, "2026-11-22T12-00-00-dead"), "no directory");
    expect((await chosen()).seed).toBe(7);
  });

  it("chooses nothing where all went well, and says so", async () => {
    const id = await ran("10", resultsWith(), 7);
    expect((await chosen()).ids).toEqual([]);
    expect(said).toBe(`natbed: no cell of run ${id} failed: there is nothing to run again\n`);
  });

  it("needs a run, and the cells in the scenario", async () => {
    await expect(chosen()).rejects.toMatchObject({ kind: "usage", code: "no-run" });
    const id = await ran("10", TROUBLED, 7);
    const other = folder.write("other.yaml", SCENARIO.replace(/^.*technique: relay.*$/m, ""));
    await expect(chosen([other])).rejects.toMatchObject({
      kind: "usage",
      code: "no-match",
      message: `--last-failed: ${FAILED[2]} of run ${id} is in none of the scenario files`,
    });
  });
});
