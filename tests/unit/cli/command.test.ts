import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cell } from "../../../orchestrator/scenario/cell.ts";
import { reportOf, TROUBLED } from "../report/results.ts";

const MAIN = new URL("../../../orchestrator/cli/main.ts", import.meta.url).pathname;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "natbed-cli-"));
});
afterAll(() => rm(dir, { recursive: true }));

function natbed(args: string[], env: NodeJS.ProcessEnv = {}) {
  const cleared = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, ...env };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8", env: cleared });
  return { status, stdout, stderr };
}

describe("natbed", () => {
  it("lists the paper's cells without an engine, a line each", () => {
    const { status, stdout } = natbed(["matrix", "--list"], { NATBED_DOCKER_HOST: "unix:///nowhere.sock" });
    expect(status).toBe(0);
    expect(stdout.trim().split("\n").length).toBeGreaterThanOrEqual(150);
    expect(stdout).toMatch(/^natblaster-2-low-ttl\.preserve~random\.drop\.te-drop +blocked: mapping-mispredicted$/m);
  });

  it("takes options from the environment, the command line winning, and switches turned off", () => {
    const env = { NATBED_FILTER: "relay", NATBED_TRIALS: "3", NATBED_JSON: "1", NATBED_FRESH: "0" };
    const fromEnv = JSON.parse(natbed(["matrix", "--list"], env).stdout) as Cell[];
    expect(fromEnv.every(({ block, trials }) => block === "relay" && trials === 3)).toBe(true);
    const given = JSON.parse(natbed(["matrix", "--list", "--trials", "4"], env).stdout) as Cell[];
    expect(given[0]?.trials).toBe(4);
    expect(natbed(["matrix", "--list"], { ...env, NATBED_JSON: "0" }).stdout).toMatch(/^relay\./);
  });

  it("lists one shard of the cells", () => {
    const idsOf = (...args: string[]) =>
      natbed(["matrix", "--list", ...args])
        .stdout.split("\n")
        .map((line) => line.split(" ")[0]);
    const all = idsOf().filter(Boolean);
    expect(idsOf("--shard", "2/40").filter(Boolean)).toEqual(all.filter((_, index) => index % 40 === 1));
  });

  it.each([
    ["an unknown command", ["matrx"], /Did you mean matrix\?/],
    ["an unknown option", ["matrix", "--jbos", "2"], /unknown option '--jbos'/],
    ["a value out of bounds", ["matrix", "--jobs", "0"], /Expected a whole number from 1 to 64/],
    ["no command", [], /Usage: natbed/],
    ["a reporter that is none", ["report", ".", "--reporter", "line,xml"], /Expected one of terminal, line, json/],
    [
      "a filter without a match",
      ["matrix", "-t", "presrve"],
      /matches none of \d+ cells \[no-match\]\n {2}hint: did you mean preserve\?/,
    ],
    ["a scenario that is not there", ["matrix", "nowhere.yaml"], /cannot read scenario nowhere\.yaml/],
    ["a shard that is none", ["matrix", "--shard", "3/2"], /Expected I\/N, from 1\/N to N\/N/],
    [
      "a shard that would draw its own seed",
      ["matrix", "--shard", "1/2"],
      /without --seed would draw a seed of its own \[seed-missing\]\n {2}hint: give every shard of a run the same --seed/,
    ],
    ["a directory without a run", ["report", "/proc/self"], /holds no run/],
  ])("ends with 2 and says why on stderr for %s", (_, args, message) => {
    const { status, stdout, stderr } = natbed(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });

  it("ends with 2 for a malformed scenario, with place and reason", async () => {
    const file = join(dir, "bad.yaml");
    await writeFile(
      file,
      "name: bad\nmatrix:\n  - technique: relay\n    na: [presrve]\n    nb: [random]\n    expect: [{ verdict: relayed }]\n",
    );
    const { status, stderr } = natbed(["matrix", file]);
    expect(status).toBe(2);
    expect(stderr).toContain(`${file}:4:10 matrix[0].na[0]: received "presrve", allowed: `);
  });

  it.each(["matrix", "x", "doctor", "down", "report", "engine"])("explains %s with examples", (command) => {
    const { status, stdout } = natbed([command, "--help"]);
    expect(status).toBe(0);
    expect(stdout).toContain(`Examples:\n  natbed ${command}`);
  });

  it("ends with 3 where no engine answers", () => {
    const { status, stderr } = natbed(["engine", "status"], { NATBED_DOCKER_HOST: "unix:///nowhere.sock" });
    expect(status).toBe(3);
    expect(stderr).toMatch(/no Docker engine answers \[engine-unreachable\]/);
  });

  it("shows an earlier run from its directory, and renders report.md again", async () => {
    const report = reportOf(TROUBLED, { dir });
    await writeFile(join(dir, "report.json"), JSON.stringify(report));
    const { status, stdout } = natbed(["report", dir]);
    expect(status).toBe(0);
    expect(stdout).toContain("11 cells, 8 as expected, 1 surprise, 1 error, 1 invalid");
    expect(await readFile(join(dir, "report.md"), "utf8")).toContain("## Surprises");
    expect(JSON.parse(natbed(["report", dir, "--json"]).stdout)).toEqual(report);
  });

  it("gives stdout to the report where JSON is wanted, and writes reporters' files where it is told to", async () => {
    const report = reportOf(TROUBLED, { dir });
    await writeFile(join(dir, "report.json"), JSON.stringify(report));
    const file = join(dir, "mine.md");
    const { status, stdout, stderr } = natbed(["report", dir, "--reporter", `json,line,markdown=${file}`]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(report);
    expect(stderr).toMatch(/^run r1: 11 cells[^]+ 1\/11 [^]+\nSurprises\n[^]+11 cells, 8 as expected/m);
    expect(await readFile(file, "utf8")).toBe(await readFile(join(dir, "report.md"), "utf8"));
    const lines = natbed(["report", dir], { NATBED_REPORTER: "line" });
    expect(lines).toEqual({ status: 0, stdout: stderr, stderr: "" });
  });

  it("tells of a reporter that fails, with 3 from natbed report, and the others do their work", async () => {
    await writeFile(join(dir, "report.json"), JSON.stringify(reportOf(TROUBLED, { dir })));
    await rm(join(dir, "report.md"), { force: true });
    const { status, stdout, stderr } = natbed(["report", dir, "--reporter", `json=${dir},line`]);
    expect(status).toBe(3);
    expect(stderr).toMatch(/^natbed: reporter json failed: cannot write .*: it is a directory: name .*\n$/);
    expect(stdout).toContain("11 cells, 8 as expected");
    expect(await readFile(join(dir, "report.md"), "utf8")).toContain("## Surprises");
  });

  it("colours only where asked to", async () => {
    await writeFile(join(dir, "report.json"), JSON.stringify(reportOf(TROUBLED, { dir })));
    const escape = String.fromCharCode(27);
    expect(natbed(["report", dir]).stdout).not.toContain(escape);
    expect(natbed(["report", dir], { NO_COLOR: undefined, FORCE_COLOR: "1" }).stdout).toContain(escape);
  });
});
