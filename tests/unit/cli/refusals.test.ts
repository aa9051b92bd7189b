import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildViewer } from "../../../scripts/viewer.ts";
import { reportOf, TROUBLED } from "../report/results.ts";
import { withRun } from "../timeline/run.ts";

const MAIN = new URL("../../../orchestrator/cli/main.ts", import.meta.url).pathname;
const top = mkdtempSync(join(tmpdir(), "natbed-refusals-"));
afterAll(() => rmSync(top, { recursive: true }));

let run: string;
let file: string;
let place: string;
beforeEach(() => {
  const folder = mkdtempSync(join(top, "case-"));
  [run, file, place] = [join(folder, "run"), join(folder, "file"), join(folder, "place")];
  mkdirSync(run);
  mkdirSync(place);
  writeFileSync(join(run, "report.json"), JSON.stringify(reportOf(TROUBLED, { dir: run })));
  writeFileSync(file, "mine\n");
});

function natbed(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: "utf8",
    cwd: place,
    timeout: 30_000,
    env: {
      ...process.env,
      NO_COLOR: "1",
      FORCE_COLOR: undefined,
      NATBED_DOCKER_HOST: "unix:///nowhere.sock",
      ...env,
    },
  });
  return { status, stdout, stderr };
}

function refused(args: readonly string[], message: RegExp, env?: NodeJS.ProcessEnv): void {
  const { status, stdout, stderr } = natbed(args, env);
  expect({ status, stdout }, stderr).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(readFileSync(file, "utf8")).toBe("mine\n");
  expect(readdirSync(place)).toEqual([]);
}

describe("natbed results", () => {
  it("refuses a scenario that no run has, names those that there are, and leaves the page as it is", () => {
    refused(
      ["results", run, "-s", "sampel", "-o", file],
      /^natbed: --scenario sampel is in none of these runs \[no-match\]\n {2}hint: did you mean sample\? They have sample$/m,
    );
    refused(
      ["results", run, "-s", "sample", "-s", "zzz", "-o", file],
      /--scenario zzz .*\n {2}hint: they have sample$/m,
    );
  });

  it("refuses runs without a cell", () => {
    writeFileSync(join(run, "report.json"), JSON.stringify(reportOf([], { dir: run })));
    refused(["results", run, "-o", file], /there is no cell in .*run: nothing to tell of \[no-cell\]\n {2}hint: /);
  });

  it("takes no page from the variable that names the folder of runs", () => {
    const { status, stdout } = natbed(["results", run, "-o", "page.md"], { NATBED_OUTPUT: run });
    expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringMatching(/^page\.md and /) as string });
    natbed(["results", run], { NATBED_OUTPUT: join(place, "other.md") });
    expect(existsSync(join(place, "other.md"))).toBe(false);
    expect(readdirSync(join(place, "docs")).toSorted()).toEqual(["results", "results.md"]);
  });

  it("refuses a page that is a directory, or that no folder can hold, and makes no folder beside it", () => {
    refused(["results", run, "-o", place], /cannot write .*place: it is a directory \[output-unusable\]\n {2}hint: /);
    refused(["results", run, "-o", join(file, "page.md")], /cannot write .*file.*: .* \[output-unusable\]/);
    refused(["results", run, "-o", "/proc/page.md"], /cannot write .*\/proc/);
    expect(existsSync(join(place, "..", "results"))).toBe(false);
  });
});

describe("an --output that cannot be used", { timeout: 40_000 }, () => {
  it.each([["matrix"], ["run", "-t", "public.none~none"]])(
    "is refused by natbed %s before an engine is asked for",
    (...words) => {
      refused(
        [...words, "--output", file],
        /cannot write .*file: .*is no directory \[output-unusable\]\n.*\n {2}hint: /,
      );
      refused([...words, "--output", join(file, "runs")], /cannot write .*: .* \[output-unusable\]/);
      refused(
        [...words, "--output", "/proc/x"],
        /cannot write \/proc\/x: nothing can be made there \[output-unusable\]/,
      );
      refused([...words, "--output", "/proc"], /cannot write \/proc: .* \[output-unusable\]/);
      refused([...words, "--output", "/sys/x"], /cannot write \/sys\/x: .* \[output-unusable\]/);
    },
  );

  it("is refused by natbed report for shards", () => {
    const blob = join(run, "s.blob");
    expect(natbed(["report", run, "--reporter", `blob=${blob}`]).status).toBe(0);
    refused(["report", blob, "--output", file], /cannot write .*file: .*is no directory \[output-unusable\]/);
  });

  it("is refused by natbed report where there is nothing to put there", () => {
    refused(["report", run, "--output", join(place, "new")], /--output .* \[output-without-shards\]\n {2}hint: /);
    expect(natbed(["report", run], { NATBED_OUTPUT: join(place, "new") }).status).toBe(0);
  });
});

describe("a reporter", { timeout: 60_000 }, () => {
  beforeAll(buildViewer, 90_000);

  it.each([
    [["--reporter", "json,json"], "json"],
    [["--reporter", "json=-,json"], "json"],
    [["--json", "--reporter", "json"], "json"],
    [["--reporter", "html,html"], "html"],
    [["--reporter", "markdown=same,junit=./same"], "junit"],
  ])("that would write over another is refused: %j", (args, name) => {
    refused(["report", run, ...args], new RegExp(`${name} .*the same place.* \\[reporter-twice\\]\\n {2}hint: `));
  });

  it("may write to several places", () => {
    expect(natbed(["report", run, "--reporter", `json,json=${join(place, "a")},line`]).status).toBe(0);
  });

  it.each(["html", "json", "blob", "junit", "markdown"])("%s that cannot write says which file, and why", (name) => {
    const missing = natbed(["report", run, "--reporter", `${name}=${join(place, "none", "x.out")}`]);
    expect(missing).toMatchObject({ status: 3 });
    expect(missing.stderr).toMatch(/failed: cannot write \S+none\/x\.out: its folder is not there: name /);
    const directory = natbed(["report", run, "--reporter", `${name}=${place}`]);
    expect(directory.stderr).toMatch(/failed: cannot write \S+place: it is a directory: name /);
    expect(missing.stderr + directory.stderr).not.toMatch(/\.part|ENOENT|EISDIR/);
  });
});

describe("natbed judge", { timeout: 60_000 }, () => {
  it("finds a trial as natbed explain does", async () => {
    await withRun("reset-by-nat", (dir, cell, trial) => {
      const { status, stdout } = natbed(["judge", trial]);
      expect({ status, stdout }).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^blocked: reset/) as string,
      });
      for (const given of [join(dir, cell), join(dir, "cells", cell), dir, `${trial}/`])
        expect(natbed(["judge", given]), given).toMatchObject({ status, stdout });
      expect(natbed(["judge", join(dir, cell)]).stderr).toBe(`natbed: ${trial}\n`);
    });
  });

  it("says what names no trial, and what of a trial is missing, once", async () => {
    refused(["judge", file], /^natbed: .*file names no trial \[no-such-trial\]\n {2}hint: /);
    await withRun("reset-by-nat", (_run, _cell, trial) => {
      rmSync(join(trial, "capture.pcapng"));
      const { status, stderr } = natbed(["judge", trial]);
      expect(status).toBe(2);
      expect(stderr.match(/ENOENT/g)).toHaveLength(1);
      expect(stderr).toContain(`hint: natbed explain ${trial} shows what there is`);
      writeFileSync(join(trial, "capture.pcapng"), "");
      truncateSync(join(trial, "capture.pcapng"));
      expect(natbed(["judge", trial])).toMatchObject({ status: 2, stdout: "" });
    });
  });
});

describe("the command line", () => {
  it.each([
    ["two forms at once", ["nat", "check", "openwrt", "--json", "--markdown"], /cannot be used with option/],
    ["too little to forge", ["x", "--forged-per-second", "99"], /Expected a whole number from 100 to 999999999/],
    ["a number that is none", ["x", "--forged-per-second", "abc"], /Expected a whole number from 100/],
    ["a NAT's file that is not there", ["nat", "show", "hers", "--file", "none.yaml"], /\n {2}hint: name a file/],
    ["a file to check that is not there", ["nat", "check", "--file", "none.yaml"], /\n {2}hint: name a file/],
    ["a letter that is not there", ["nat", "from", "none.txt"], /\n {2}hint: name a file/],
    [
      "a technique between hosts behind no NAT",
      ["host", "--x", "127.0.0.1", "--session", "k", "--technique", "public"],
      /Allowed choices are /,
    ],
  ])("refuses %s", (_, args, message) => {
    refused(args, message);
  });

  it.each([
    ["x", /from 100[^]*Exit codes: 0 stopped, 2 asked wrongly, 3 it cannot serve/],
    ["probe", /Exit codes: 0 measured, 2 asked wrongly, 3 X cannot be reached/],
    ["host", /connect[^]*tcp-repair[^]*Exit codes: .*2 asked wrongly,\s+otherwise a command's own/],
    ["judge", /Exit codes: 0 .*, 2 /],
    ["report", /natbed report runs\/2026-11-22T09-52-35-ed8b /],
  ])("explains what natbed %s takes and how it ends", (command, text) => {
    expect(natbed([command, "--help"]).stdout).toMatch(text);
  });

  it("promises no installation that natbed engine does not do", () => {
    expect(natbed(["engine", "--help"]).stdout).not.toContain("installing it");
  });
});
