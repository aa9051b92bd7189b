import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Difference } from "../../../orchestrator/report/difference.ts";
import { reportOf, resultsWith, TROUBLED } from "../report/results.ts";

const MAIN = new URL("../../../orchestrator/cli/main.ts", import.meta.url).pathname;
const dir = mkdtempSync(join(tmpdir(), "natbed-diff-"));
afterAll(() => rmSync(dir, { recursive: true }));

function diff(...args: string[]) {
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, "diff", ...args], { encoding: "utf8", env });
  return { status, stdout, stderr };
}

function run(name: string, cells = resultsWith()): string {
  mkdirSync(join(dir, name));
  writeFileSync(join(dir, name, "report.json"), JSON.stringify(reportOf(cells)));
  return join(dir, name);
}

describe("natbed diff", () => {
  const [same, alike, other, empty] = [run("same"), run("alike"), run("other", TROUBLED), run("empty", [])];

  it("ends with 0 where nothing changed, and with 1 where something did", () => {
    expect(diff(same, alike)).toEqual({ status: 0, stdout: "11 cells compared, 0 changed\n", stderr: "" });
    const { status, stdout } = diff(same, other);
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /^E {2}simultaneous-open\.preserve~random\.drop\.te-translate +verdict +blocked: \S+ → error$/m,
    );
    expect(stdout).toMatch(/\n11 cells compared, 3 changed\n$/);
  });

  it("says the same to programs", () => {
    const { changes } = JSON.parse(diff(same, other, "--json").stdout) as Difference;
    expect(changes.map(({ what, before, after }) => [what, before.verdict, after.verdict])).toEqual([
      ["verdict", "blocked", "error"],
      ["verdict", "blocked", "direct"],
      ["verdict", "relayed", "invalid"],
    ]);
  });

  it("ends with 2 where there is nothing to compare", () => {
    expect(diff(same, empty)).toMatchObject({
      status: 2,
      stdout: "",
      stderr: expect.stringContaining("[nothing-to-compare]") as string,
    });
    expect(diff(same, "/proc/self")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("[run-unreadable]") as string,
    });
  });
});
