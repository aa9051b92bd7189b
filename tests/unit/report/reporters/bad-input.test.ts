import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readRun, writeReport } from "../../../../orchestrator/report/directory.ts";
import type { RunReport } from "../../../../orchestrator/report/events.ts";
import { REPORTERS, type ReporterName } from "../../../../orchestrator/report/reporters/catalogue.ts";
import { publish } from "../../../../orchestrator/report/reporters/publish.ts";
import { HOSTILE, hostileResults } from "../hostile.ts";
import { CELLS, reportOf, TROUBLED } from "../results.ts";
import { openDesk } from "./desk.ts";

/** Archives of the run as it is, whose tests are their own. */
const ARCHIVES: readonly string[] = ["blob", "html"];
const NAMES = (Object.keys(REPORTERS) as ReporterName[]).filter((name) => !ARCHIVES.includes(name));
/** Those that write text for people or for a page. */
const TEXTS = NAMES.filter((name) => name !== "json");

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "natbed-bad-"));
});
afterEach(() => rm(dir, { recursive: true }));

/** What a reporter prints and what it writes into its file. */
async function outputs(name: ReporterName): Promise<{ readonly printed: string; readonly written: string }> {
  const { desk, printed } = openDesk({ env: {} });
  const published = await publish(await readRun(dir), { name }, desk);
  if (!published.done) throw new Error(published.why);
  return { printed: printed(), written: published.file === undefined ? "" : await readFile(published.file, "utf8") };
}

const made = async (name: ReporterName): Promise<string> => Object.values(await outputs(name)).join("");

/** Controls but for the line's end, what turns the direction of writing, and what cannot be seen. */
const HARMFUL = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\ufffe\uffff]/u;

describe("hostile text in a run directory", () => {
  beforeEach(() => writeReport(reportOf(hostileResults(), { dir, scenario: [HOSTILE] })));

  it.each(NAMES)("reaches no reader of %s as it is", async (name) => {
    const text = await made(name);
    expect(HARMFUL.exec(text)).toBeNull();
  });

  it.each(TEXTS)("is not lost in %s: escapes stand for what cannot be shown", async (name) => {
    const text = await made(name);
    expect(text).toContain("owned");
    expect(text).toMatch(/u\{1b\}/);
  });

  it("is to programs what it was", async () => {
    const report = JSON.parse(await made("json")) as RunReport;
    expect(report.cells[0]).toMatchObject({ why: HOSTILE, cell: { scenario: HOSTILE } });
  });

  it.each(["markdown", "github"] as const)("is neither HTML nor a link in %s, and ends no row", async (name) => {
    const { written: text } = await outputs(name);
    const prose = text.replaceAll(/(`+)(?!`)[^]*?(?<!`)\1(?!`)/g, "").replaceAll(/^ {4}.*$/gm, "");
    expect(prose).not.toMatch(/<img|<!--|<\/script|(?<!\\)\[x\]/);
    const rows = text.split("\n").filter((line) => line.includes("onerror") && line.startsWith("|"));
    expect(rows.length).toBeGreaterThan(2);
    for (const row of rows) expect(row, row).toMatch(/ \|$/);
  });

  it.each(["terminal", "line", "github"] as const)("begins no line of %s with a command of GitHub's", async (name) => {
    const lines = (await outputs(name)).printed.split("\n").filter((line) => /^\s*::/.test(line));
    expect(lines.filter((line) => !/^::(error|warning) file=/.test(line))).toEqual([]);
  });
});

describe("a run that was killed", () => {
  const [first, second, third] = TROUBLED as [(typeof TROUBLED)[0], (typeof TROUBLED)[0], (typeof TROUBLED)[0]];

  /** As a run leaves its directory that was killed while it wrote `torn`. */
  const killed = async (torn: string, cut: string): Promise<void> => {
    const cells = CELLS.map(({ id, block }) => ({ id, block }));
    const run = { id: "r1", seed: 42, total: CELLS.length, startedAt: "2026-11-22T10:00:00.000Z", cells };
    await writeFile(join(dir, "run.json"), JSON.stringify(run));
    for (const result of [first, second, third]) {
      await mkdir(join(dir, result.dir), { recursive: true });
      await writeFile(join(dir, result.dir, "result.json"), JSON.stringify(result));
    }
    await writeFile(join(dir, torn), cut);
  };

  it.each(NAMES)("is rendered by %s from what is there", async (name) => {
    await killed("report.json", JSON.stringify(reportOf(TROUBLED)).slice(0, 3000));
    const run = await readRun(dir);
    expect(run.damaged).toEqual(["report.json"]);
    expect(run.report.counts).toMatchObject({ total: 11, notRun: 8 });
    const text = await made(name);
    if (name !== "github") expect(text).toContain("interrupted");
    expect(text).toContain(TROUBLED.find(({ surprise, state }) => surprise || state === "error")!.cell.id);
  });

  it("loses of a report.json with a damaged cell that cell alone", async () => {
    const report = reportOf(TROUBLED);
    const cells = report.cells.map((one, at) => (at === 1 ? { ...one, trials: "none" } : one));
    await writeFile(join(dir, "report.json"), JSON.stringify({ ...report, cells }));
    const run = await readRun(dir);
    expect(run.damaged).toEqual([`report.json: cell 2 of 11 (${second.cell.id})`]);
    expect(run.report.cells).toHaveLength(10);
  });

  it("that was never one of this version is refused with the reason, even where run.json can be read", async () => {
    await killed("report.json", '{"schema": 2}');
    await expect(readRun(dir)).rejects.toThrow(/is of another version: its schema is 2, not 1/);
  });
});
