import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { HOSTILE, hostileResults } from "../report/hostile.ts";
import { CELLS, reportOf, resultsWith, TROUBLED } from "../report/results.ts";
import { withRun } from "../timeline/run.ts";

const MAIN = new URL("../../../orchestrator/cli/main.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "natbed-bad-"));
afterAll(() => rmSync(folder, { recursive: true }));

function natbed(...args: string[]) {
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8", env });
  return { status, stdout, stderr };
}

function runOf(name: string, report: object): string {
  const dir = join(folder, name);
  mkdirSync(dir);
  writeFileSync(join(dir, "report.json"), JSON.stringify(report));
  return dir;
}

const HARMFUL = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/u;
const hostile = runOf("hostile", reportOf(hostileResults(), { scenario: [HOSTILE] }));
const changed = runOf("changed", reportOf(hostileResults().map((one) => ({ ...one, verdict: "relayed" as const }))));

/** As a run that was killed while it wrote the report: two cells are there, of one the result is torn. */
function killed(): string {
  const dir = runOf("killed", {});
  truncateSync(join(dir, "report.json"), 1);
  const run = { id: "r1", seed: 42, total: CELLS.length, startedAt: "2026-11-22T10:00:00.000Z", cells: CELLS };
  writeFileSync(join(dir, "run.json"), JSON.stringify(run));
  for (const [at, result] of TROUBLED.slice(0, 3).entries()) {
    mkdirSync(join(dir, result.dir), { recursive: true });
    const text = JSON.stringify(result);
    writeFileSync(join(dir, result.dir, "result.json"), at === 2 ? text.slice(0, 200) : text);
  }
  return dir;
}

describe("bad input", { timeout: 90_000 }, () => {
  it("with hostile text is shown safely by report, diff and results, on stdout, on stderr and in files", () => {
    const page = join(folder, "results.md");
    const outputs = [
      natbed("report", hostile),
      natbed("report", hostile, "--json"),
      natbed("diff", hostile, changed),
      natbed("diff", hostile, changed, "--json"),
      natbed("results", hostile, "-o", page),
    ];
    expect(outputs.map(({ status }) => status)).toEqual([0, 0, 1, 1, 0]);
    for (const { stdout, stderr } of outputs)
      expect([HARMFUL.exec(stdout), HARMFUL.exec(stderr)]).toEqual([null, null]);
    const markdown = readFileSync(page, "utf8");
    expect(HARMFUL.exec(markdown)).toBeNull();
    expect(markdown).not.toMatch(/<img|<\/script/);
  });

  it("of a run that was killed is read as far as it goes by report, diff and results, which name what they leave out", () => {
    const [dir, whole] = [killed(), runOf("whole", reportOf(resultsWith()))];
    const page = join(folder, "killed.md");
    const outputs = [natbed("report", dir), natbed("diff", dir, whole), natbed("results", dir, "-o", page)];
    expect(outputs.map(({ status }) => status)).toEqual([0, 1, 0]);
    for (const { stderr } of outputs)
      expect(stderr).toBe(
        `natbed: ${dir}: report.json is damaged and left out\n` +
          `natbed: ${dir}: ${TROUBLED[2]!.dir}/result.json is damaged and left out\n`,
      );
    expect(outputs[0]!.stdout).toContain("9 not run  (interrupted)");
    expect(outputs[1]!.stdout).toContain("2 cells compared");
  });

  it("of a trial: a log line with hostile text is shown safely by explain, and judge refuses what is cut", async () => {
    await withRun("filtered", (_run, _cell, trial) => {
      const line = { event: "log", node: "a", atUs: 1, what: HOSTILE, detail: { [HOSTILE]: HOSTILE } };
      appendFileSync(join(trial, "agents.jsonl"), `${JSON.stringify(line)}\n`);
      for (const options of [["--all"], ["--mermaid"], ["--svg"]]) {
        const { status, stdout, stderr } = natbed("explain", trial, ...options);
        expect({ status, stderr, harm: HARMFUL.exec(stdout) }).toEqual({ status: 0, stderr: "", harm: null });
        expect(stdout).toContain("owned");
        if (options[0] !== "--all") expect(stdout).not.toMatch(/<img|<\/script/);
      }
      truncateSync(join(trial, "capture.pcapng"), 9000);
      const { status, stdout, stderr } = natbed("judge", trial);
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toMatch(
        /capture\.pcapng as a trial's evidence \[evidence-unreadable\]\n {2}\| Error: capture ends at byte \d+/,
      );
      truncateSync(join(trial, "capture.pcapng"));
      expect(natbed("judge", trial)).toMatchObject({ status: 2, stdout: "" });
      const shown = natbed("explain", trial);
      expect(shown.stderr).toContain(
        "capture.pcapng ends at byte 0, behind 0 packets: no section header: the file is empty",
      );
      expect(shown.stdout).toContain("not judged: the evidence is not whole");
    });
  });

  it("of a trial with an outcome and no evidence is told as that", async () => {
    await withRun("filtered", (_run, _cell, trial) => {
      for (const file of ["agents.jsonl", "conntrack.jsonl", "capture.pcapng", "evidence.json"])
        rmSync(join(trial, file));
      writeFileSync(join(trial, "outcome.json"), JSON.stringify({ verdict: "blocked", cause: "filtered", why: "x" }));
      const { status, stdout, stderr } = natbed("explain", trial);
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toMatch(/holds nothing of a trial \[trial-unreadable\][^]*capture\.pcapng is missing/);
      expect(natbed("judge", trial)).toMatchObject({ status: 2, stdout: "" });
    });
  });
});
