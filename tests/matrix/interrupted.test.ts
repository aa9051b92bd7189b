import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { containersOf, untilGone } from "../kit/leftovers.ts";
import { natbed, openFolder, startNatbed, type Folder } from "../kit/command.ts";
import { scenario, slowEntry } from "../kit/slow.ts";
import { until } from "../kit/until.ts";

const CELL = "slow.preserve~preserve.drop.te-drop";
const LADDER = new RegExp(`^${CELL}, trial-1\\ndirect\\n {2}NA:`, "m");
const CUT_OFF = `${CELL}, trial-2: cut off: its run ended in the middle of the attempt, and of that nothing was kept\n`;

describe.skipIf(inject("noEngine"))("natbed run, interrupted in its second trial,", () => {
  let folder: Folder;
  let file: string;
  beforeAll(() => {
    folder = openFolder();
    const entry = slowEntry({ block: "slow", na: ["preserve"], gapMs: 3_000, around: { trials: 3 } });
    file = folder.write("slow.yaml", scenario(entry));
  });
  afterAll(() => folder?.[Symbol.dispose]());

  /** The run's directory once its first trial is over and the second one's attempt goes on. */
  async function comeToSecondTrial() {
    const { pid, runId, ended } = startNatbed(["run", file, "--output", folder.path]);
    const id = await runId;
    const dir = join(folder.path, id);
    const planned = () => existsSync(join(dir, "cells", CELL, "trial-2", "plan.json")) || undefined;
    await until("the second trial is planned", planned, { withinMs: 40_000 });
    return { pid, id, dir, ended };
  }

  it(
    "by Ctrl-C ends with 130 and shows the trial that was played; natbed explain shows that one too",
    { timeout: 120_000 },
    async () => {
      const { pid, id, dir, ended } = await comeToSecondTrial();
      process.kill(pid, "SIGINT");
      const { code, stdout } = await ended;
      expect(code).toBe(130);
      expect(stdout).toMatch(LADDER);
      expect(stdout).toMatch(/1 not run {2}\(interrupted\)/);
      expect(await containersOf(id)).toEqual([]);
      expect(await natbed(["explain", dir])).toMatchObject({ code: 0, stdout: expect.stringMatching(LADDER) });
    },
  );

  it("by kill -9 leaves a run that natbed explain and natbed report read", { timeout: 120_000 }, async () => {
    const { pid, id, dir, ended } = await comeToSecondTrial();
    process.kill(pid, "SIGKILL");
    await ended;
    expect(await natbed(["explain", dir])).toMatchObject({ code: 0, stdout: expect.stringMatching(LADDER) });
    expect(`${(await natbed(["explain", join(dir, CELL, "trial-2")])).stdout}\n`).toBe(CUT_OFF);
    expect(await natbed(["report", dir])).toMatchObject({ code: 0, stdout: expect.stringContaining("1 not run") });
    await untilGone(id);
  });
});
