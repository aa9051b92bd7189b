import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { renderAnnotations } from "../../../../orchestrator/report/annotations.ts";
import type { CellResult } from "../../../../orchestrator/report/events.ts";
import { publish } from "../../../../orchestrator/report/reporters/publish.ts";
import { withRun } from "../../timeline/run.ts";
import { reportOf, resultsWith, TROUBLED } from "../results.ts";
import { openDesk } from "./desk.ts";

describe("annotations", () => {
  it("are errors for surprises and warnings for what has no result, none for what is as expected", () => {
    expect(renderAnnotations(reportOf(TROUBLED)).split("\n")).toEqual([
      "::error file=sample.yaml,title=simultaneous-open.random~random.drop.te-translate::expected blocked: mapping-mispredicted, observed direct: crossing | SYNs",
      "::warning file=sample.yaml,title=simultaneous-open.preserve~random.drop.te-translate::error: the agent of nb ended",
      "::warning file=sample.yaml,title=relay.random~random.drop.te-translate::invalid: calibration: NA preserves ports",
      "",
    ]);
    expect(renderAnnotations(reportOf(resultsWith()))).toBe("");
  });

  it("are at most 10 of a type, the last of which counts the rest", () => {
    const cells = Array.from({ length: 25 }, () => TROUBLED).flat();
    const lines = renderAnnotations(reportOf(cells)).trimEnd().split("\n");
    const errors = lines.filter((line) => line.startsWith("::error "));
    const warnings = lines.filter((line) => line.startsWith("::warning "));
    expect([errors.length, warnings.length, lines.length]).toEqual([10, 10, 20]);
    expect(errors.at(-1)).toBe("::error file=sample.yaml,title=more surprises::16 more: see the step's summary");
    expect(warnings.at(-1)).toContain("::41 more: see");
  });

  it("give nothing from outside the chance to end a command or to begin one", () => {
    const [one] = resultsWith();
    const cell = { ...one!.cell, id: "a,file=b::\n::set-env name=PATH::x" };
    const text = renderAnnotations(
      reportOf([{ ...one!, cell, surprise: true, why: "100%\r\n::error::forged\u001b[2J" }]),
    );
    expect(text).toBe(
      "::error file=sample.yaml,title=a%2Cfile=b%3A%3A\\u{a}%3A%3Aset-env name=PATH%3A%3Ax" +
        "::expected direct, observed direct: 100%25\\u{d}\\u{a}::error::forged\\u{1b}[2J\n",
    );
  });
});

describe("the step's summary", () => {
  let dir: string;
  let step: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "natbed-github-"));
    step = join(dir, "step.md");
  });
  afterEach(() => rm(dir, { recursive: true }));

  const rendered = async (cells: CellResult[], runDir: string, env: Record<string, string> = {}) => {
    const { desk } = openDesk({ env: { GITHUB_STEP_SUMMARY: step, ...env } });
    const run = { report: reportOf(cells, { dir: runDir }), damaged: [] };
    expect(await publish(run, { name: "github" }, desk)).toEqual({ done: true, file: step });
    return readFile(step, "utf8");
  };

  it("has the ladder of each surprise, of a trial that came out as the cell did, and none else", async () => {
    await withRun("reset-by-nat", async (run, id) => {
      const [one, ...others] = resultsWith();
      const trialOf = (n: number, cause: "filtered" | "reset-by-nat") => {
        const outcome = { verdict: "blocked" as const, why: "so", cause, at: "nb" as const };
        return { n, tookMs: 1, dir: `cells/${id}/trial-${n}`, outcome };
      };
      const trials = [trialOf(7, "filtered"), trialOf(1, "reset-by-nat")];
      const surprise = { ...one!, verdict: "blocked" as const, cause: "reset-by-nat" as const, surprise: true, trials };
      const text = await rendered([surprise, ...others], run);
      expect(text.match(/```mermaid/g)).toHaveLength(1);
      expect(text).toContain(`, trial 1</summary>\n\nblocked: reset-by-nat at NB  \nNB answered `);
      expect(text).toMatch(/```mermaid\nsequenceDiagram\n {2}participant A\n[^]+NB.+RST[^]+\n```\n\n<\/details>/);
    });
  });

  it("says why there is no ladder, where the evidence is gone", async () => {
    const [one] = resultsWith();
    const outcome = {
      verdict: "direct" as const,
      why: "so",
      proof: { handshake: "plain" as const, points: [], connectMs: 1 },
    };
    const trials = [{ n: 1, tookMs: 1, dir: "cells/gone/trial-1", outcome }];
    const text = await rendered([{ ...one!, surprise: true, trials }], dir);
    expect(text).toMatch(/No ladder: .*cells\/gone\/trial-1 holds nothing of a trial/);
    expect(await rendered([{ ...one!, surprise: true }], dir)).toContain("No trial was made.");
  });

  it("stays below 900 kB together with what the step has written before, and links to the rest", async () => {
    await writeFile(step, "x".repeat(600_000));
    const many = Array.from({ length: 3000 }, (_, at) => {
      const [one] = resultsWith();
      return { ...one!, cell: { ...one!.cell, id: `cell-${at}` }, surprise: true };
    });
    const env = { GITHUB_SERVER_URL: "https://github.com", GITHUB_REPOSITORY: "o/r", GITHUB_RUN_ID: "7" };
    const text = await rendered(many, dir, env);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(900_000);
    expect(Buffer.byteLength(text)).toBeGreaterThan(890_000);
    expect(text).toMatch(
      /\[artifacts of this workflow\]\(https:\/\/github\.com\/o\/r\/actions\/runs\/7#artifacts\)\.\*\n$/,
    );
  });

  it("leaves ladders out where they would leave no room, and counts them", async () => {
    const many = Array.from({ length: 3000 }, (_, at) => {
      const [one] = resultsWith();
      return { ...one!, cell: { ...one!.cell, id: `${"long-".repeat(40)}${at}` }, surprise: true };
    });
    const text = await rendered(many, dir);
    const ladders = text.match(/<details>/g)?.length ?? 0;
    expect(ladders).toBeLessThan(3000);
    if (text.includes("*The ladders of")) expect(text).toContain(`*The ladders of ${3000 - ladders} more are left out`);
  });
});
