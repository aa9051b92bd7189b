import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildViewer } from "../../../scripts/viewer.ts";
import { withRecordedRun } from "../report/html/recorded-run.ts";

const MAIN = new URL("../../../orchestrator/cli/main.ts", import.meta.url).pathname;

function report(...args: string[]) {
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, "report", ...args], { encoding: "utf8", env });
  return { status, stdout, stderr };
}

describe("natbed report --reporter html", { timeout: 90_000 }, () => {
  beforeAll(buildViewer, 90_000);

  it("writes report.html into the run directory, compared with an earlier run, or prints it", async () => {
    await withRecordedRun(["relayed"], ({ dir }) => {
      const written = report(dir, "--reporter", "html", "--baseline", dir);
      expect(written).toEqual({ status: 0, stdout: "", stderr: `natbed: wrote ${join(dir, "report.html")}\n` });
      const page = readFileSync(join(dir, "report.html"), "utf8");
      expect(page).toMatch(/^<!doctype html>[^]*<\/html>\s*$/i);
      const printed = report(dir, "--reporter", "html=-");
      expect(printed.status).toBe(0);
      expect(printed.stdout).toMatch(/^<!doctype html>/i);
      expect(printed.stdout.length).toBeLessThan(page.length); // without the comparison
    });
  });

  it("refuses to compare for a reporter that does not show it", async () => {
    await withRecordedRun(["relayed"], ({ dir }) => {
      const { status, stderr } = report(dir, "--reporter", "line", "--baseline", dir);
      expect([status, stderr]).toEqual([2, expect.stringContaining("[baseline-without-html]")]);
    });
  });
});
