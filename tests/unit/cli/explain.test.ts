import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withRun } from "../timeline/run.ts";

const MAIN = new URL("../../../orchestrator/cli/main.ts", import.meta.url).pathname;

function explain(...args: string[]) {
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, COLUMNS: undefined };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, "explain", ...args], { encoding: "utf8", env });
  return { status, stdout, stderr };
}

describe("natbed explain", { timeout: 90_000 }, () => {
  it("finds a trial by its directory, its cell, RUN/CELL, or a run of one cell", async () => {
    await withRun("reset-by-nat", (run, cell, trial) => {
      const { status, stdout, stderr } = explain(trial);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout.split("\n").slice(0, 2)).toEqual([`${cell}, trial-1`, "blocked: reset-by-nat at NB"]);
      for (const given of [join(run, cell), join(run, "cells", cell), join(run, cell, "trial-1"), run, `${run}/`])
        expect(explain(given), given).toEqual({ status, stdout, stderr });
    });
  });

  it("takes the first trial that came out as the cell did", async () => {
    await withRun("reset-by-nat", (run, cell, trial) => {
      const write = (path: string, value: object) => writeFileSync(path, JSON.stringify(value));
      cpSync(trial, join(trial, "..", "trial-2"), { recursive: true });
      write(join(trial, "..", "result.json"), { verdict: "blocked", cause: "reset-by-nat" });
      write(join(trial, "outcome.json"), { verdict: "direct" });
      write(join(trial, "..", "trial-2", "outcome.json"), { verdict: "blocked", cause: "reset-by-nat" });
      expect(explain(join(run, cell)).stdout.split("\n")[0]).toBe(`${cell}, trial-2`);
      expect(explain(join(run, cell, "trial-1")).stdout.split("\n")[0]).toBe(`${cell}, trial-1`);
    });
  });

  it("shows every packet with --all", async () => {
    await withRun("reset-by-nat", (_run, _cell, trial) => {
      const [some, all] = [explain(trial).stdout, explain(trial, "--all").stdout];
      expect(some).toContain("rows are folded or left out; --all shows each");
      expect(all).not.toContain("folded");
      expect(all.split("\n").length).toBeGreaterThan(some.split("\n").length + 50);
    });
  });

  it("shows what is left of a trial that was cut off, judges nothing, and says what is damaged", async () => {
    await withRun("reset-by-nat", (_run, cell, trial) => {
      truncateSync(join(trial, "capture.pcapng"), 9000);
      const { status, stdout, stderr } = explain(trial);
      expect(status).toBe(0);
      expect(stdout.split("\n").slice(0, 2)).toEqual([`${cell}, trial-1`, "not judged: the evidence is not whole"]);
      expect(stderr).toMatch(/^natbed: \S+: capture\.pcapng ends at byte \d+, behind \d+ packets: block cut: .*\n$/);
    });
  });

  it("says of a trial that its run cut off in the attempt that nothing was kept of it", async () => {
    await withRun("reset-by-nat", (_run, cell, trial) => {
      rmSync(trial, { recursive: true });
      mkdirSync(trial);
      writeFileSync(join(trial, "plan.json"), "{}");
      const stdout = `${cell}, trial-1: cut off: its run ended in the middle of the attempt, and of that nothing was kept\n`;
      expect(explain(trial)).toEqual({ status: 0, stdout, stderr: "" });
    });
  });

  it("says of a trial that was not begun what was wrong with its world", async () => {
    await withRun("reset-by-nat", (_run, cell, trial) => {
      rmSync(trial, { recursive: true });
      mkdirSync(trial);
      writeFileSync(
        join(trial, "outcome.json"),
        JSON.stringify({ verdict: "invalid", why: "the core is\u001b not what the cell claims" }),
      );
      const stdout = `${cell}, trial-1: invalid, the core is\\u{1b} not what the cell claims\n`;
      expect(explain(trial)).toEqual({ status: 0, stdout, stderr: "" });
    });
  });

  it("ends with 2 where nothing is to be shown, and names cells that are like it", async () => {
    await withRun("reset-by-nat", (run, cell) => {
      const { status, stdout, stderr } = explain(join(run, cell.replace("reset", "rest")));
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toContain(`[no-such-trial]\n  hint: name one of the run's cells: ${join(run, cell)}`);
    });
    expect(explain("/proc/self")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("[no-such-trial]") as string,
    });
  });
});
