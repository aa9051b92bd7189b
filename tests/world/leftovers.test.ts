import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { RunReport } from "../../orchestrator/report/events.ts";
import { natbed, openFolder, startNatbed, type Folder, type Running } from "../kit/command.ts";
import { containersOf, killOnceUp, untilGone, untilUp } from "../kit/leftovers.ts";
import { quickEntry, scenario, slowEntry, untilPlanned } from "../kit/slow.ts";

const noEngine = inject("noEngine");
const FIRST = "slow.preserve~preserve.drop.te-drop";
const CARRIED = "carried.preserve~preserve.drop.te-drop.behind-full-cone~full-cone";
const SECOND = "slow.sequential~preserve.drop.te-drop";

describe.skipIf(noEngine)("of a run's containers nothing is left (I-5)", () => {
  let folder: Folder;
  let slow: string;
  let quick: string;

  beforeAll(() => {
    folder = openFolder();
    slow = folder.write("slow.yaml", scenario(slowEntry({ block: "slow", na: ["preserve", "sequential"] })));
    quick = folder.write("quick.yaml", scenario(quickEntry({ block: "quick", na: ["preserve"] })));
  });
  afterAll(() => folder?.[Symbol.dispose]());

  const start = (file: string, jobs: number): Running =>
    startNatbed(["matrix", file, "-j", String(jobs), "--output", folder.path]);
  const reportOf = (runId: string): RunReport =>
    JSON.parse(readFileSync(join(folder.path, runId, "report.json"), "utf8")) as RunReport;

  it("after a normal end", async () => {
    const { runId, ended } = start(quick, 1);
    expect((await ended).code).toBe(0);
    // not later: the run itself waits for it
    expect(await containersOf(await runId)).toEqual([]);
  });

  it("after an error", async () => {
    const { runId, ended } = start(slow, 1);
    const id = await runId;
    await killOnceUp(`natbed-${id}-w1-1-r`);
    await killOnceUp(`natbed-${id}-w1-2-r`); // of the other cell's world
    expect((await ended).code).toBe(3);
    expect(await containersOf(id)).toEqual([]);
    expect(reportOf(id).counts).toMatchObject({ errors: 2, notRun: 0 });
  });

  it("after Ctrl-C in the middle of a cell, which ends with exit code 130 and a report of what was done", async () => {
    const { pid, runId, ended } = start(slow, 1);
    const id = await runId;
    await untilPlanned(join(folder.path, id), FIRST);
    process.kill(pid, "SIGINT");
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toContain("SIGINT, cleaning up");
    expect(await containersOf(id)).toEqual([]);
    expect(reportOf(id)).toMatchObject({ ended: "interrupted", counts: { notRun: 2, errors: 0 } });
  });

  it("after Ctrl-C while worlds come up, which ends before any cell begins", async () => {
    const { pid, runId, ended } = start(slow, 2);
    const id = await runId;
    await untilUp(id, 3);
    process.kill(pid, "SIGINT");
    expect((await ended).code).toBe(130);
    expect(await containersOf(id)).toEqual([]);
    expect(reportOf(id)).toMatchObject({ ended: "interrupted", counts: { notRun: 2, errors: 0 } });
  });

  it("after Ctrl-C twice, which does not wait for anything", async () => {
    const { pid, runId, ended } = start(slow, 1);
    const id = await runId;
    await untilPlanned(join(folder.path, id), FIRST);
    process.kill(pid, "SIGINT");
    const first = performance.now();
    // two signals of one kind may arrive as one
    const again = setInterval(() => process.kill(pid, "SIGINT"), 10);
    const { code } = await ended.finally(() => clearInterval(again));
    expect(code).toBe(130);
    expect(performance.now() - first).toBeLessThan(1_000);
    await untilGone(id);
  });

  it("after kill -9 in the middle of a cell", async () => {
    const { pid, runId, ended } = start(slow, 2);
    const id = await runId;
    await untilPlanned(join(folder.path, id), FIRST);
    await untilPlanned(join(folder.path, id), SECOND);
    process.kill(pid, "SIGKILL");
    expect((await ended).code).toBeUndefined();
    await untilGone(id);
  });

  it("after kill -9 in the middle of a cell behind two carriers, beside a neighbour", async () => {
    const around = { carrier: { a: "full-cone", b: "full-cone" }, neighbour: { everyMs: 100 } };
    const entry = slowEntry({ block: "carried", na: ["preserve"], around });
    const { pid, runId, ended } = start(folder.write("carried.yaml", scenario(entry)), 1);
    const id = await runId;
    await untilPlanned(join(folder.path, id), CARRIED);
    expect(await containersOf(id)).toHaveLength(9); // CA, CB and A2 besides the usual six
    process.kill(pid, "SIGKILL");
    await ended;
    await untilGone(id);
  });

  it("that lives after kill -9 while worlds come up, and nothing at all once the next command has swept", async () => {
    const { pid, runId, ended } = start(slow, 2);
    const id = await runId;
    await untilUp(id, 3);
    process.kill(pid, "SIGKILL");
    await ended;
    // one that was created and not started yet has no stdin whose end could end it
    await untilGone(id, { states: ["running"] });
    expect((await natbed(["down"])).code).toBe(0);
    await untilGone(id);
  });
});
