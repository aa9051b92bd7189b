import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { lineReporter } from "../../../orchestrator/report/line.ts";
import { renderMarkdown } from "../../../orchestrator/report/markdown.ts";
import { renderTable } from "../../../orchestrator/report/table.ts";
import { plain, type Paint } from "../../../orchestrator/report/words.ts";
import { CELLS, reportOf, resultsWith, TROUBLED } from "./results.ts";

const marked: Paint = (style, text) => `<${[style].flat().join(" ")}>${text}</>`;

describe("the final tables", () => {
  it("show blocks, surprises with their repetition, errors apart, and the run's figures", async () => {
    const text = renderTable(reportOf(TROUBLED), { paint: plain, columns: 80 });
    await expect(text).toMatchFileSnapshot("golden/troubled.txt");
  });

  it("put as many policies beside each other as the terminal is wide for", () => {
    const wide = renderTable(reportOf(resultsWith()), { paint: plain, columns: 120 });
    expect(wide).toMatch(/SYN drop, time-exceeded translate +SYN reset, time-exceeded translate/);
    const lines = wide.split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  it("mark a surprise by symbol and by colour", () => {
    expect(renderTable(reportOf(TROUBLED), { paint: marked, columns: 80 })).toContain("<bold inverse red>! direct</>");
  });

  it("never show an infrastructure error like a blocked cell", () => {
    const text = renderTable(reportOf(TROUBLED), { paint: marked, columns: 80 });
    expect(text).toContain("<magenta>E error</>");
    expect(text).toContain("<dim>○ mispredicted</>");
  });

  it("show an unsupported cell with a mark and a list of its own, and what it lacks", () => {
    const why = "this kernel or engine cannot build the cell's world: nft-notrack: no such file";
    const id = "public.none~none";
    const text = renderTable(reportOf(resultsWith({ [id]: { state: "skipped", verdict: "unsupported", why } })), {
      paint: plain,
      columns: 80,
    });
    expect(text).toContain("none     – unsupported");
    expect(text).toMatch(
      /Not tried: this kernel or engine cannot build the world\n +– public\.none~none\n.*\n +this kernel.*nft-notrack/,
    );
    expect(text).toMatch(/10 as expected, 0 surprises, 1 unsupported/);
  });

  it("stand straight with colours too", () => {
    const coloured: Paint = (_, text) => `\u001b[31m${text}\u001b[39m`;
    const options = { columns: 120 };
    const text = renderTable(reportOf(TROUBLED), { ...options, paint: coloured });
    const visible = stripVTControlCharacters(text).replaceAll(/ +$/gm, "");
    expect(visible).toBe(renderTable(reportOf(TROUBLED), { ...options, paint: plain }).replaceAll(/ +$/gm, ""));
  });

  it("say that a run was interrupted", () => {
    const text = renderTable(reportOf(resultsWith().slice(0, 2), { ended: "interrupted" }), {
      paint: plain,
      columns: 80,
    });
    expect(text).toContain(
      `${CELLS.length} cells, 2 as expected, 0 surprises, ${CELLS.length - 2} not run  (interrupted)`,
    );
  });
});

describe("report.md", () => {
  it("shows surprises first, then the same tables", async () => {
    await expect(renderMarkdown(reportOf(TROUBLED))).toMatchFileSnapshot("golden/troubled-markdown.txt");
  });

  it("is cut at a line where GitHub would drop it", () => {
    const whole = renderMarkdown(reportOf(TROUBLED));
    const cut = renderMarkdown(reportOf(TROUBLED), { limitBytes: 1500 });
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(1500);
    expect(cut).toMatch(/Cut here/);
    const kept = cut.slice(0, cut.indexOf("\n\n*Cut here"));
    expect(whole.startsWith(`${kept}\n`)).toBe(true);
  });
});

describe("the line reporter", () => {
  it("writes one line per finished cell, with the expectation where it was missed", () => {
    const render = lineReporter(plain);
    const cells = CELLS.map(({ id, block }) => ({ id, block }));
    const started = render({
      type: "run-started",
      id: "r1",
      seed: 42,
      total: CELLS.length,
      jobs: 2,
      dir: "runs/r1",
      cells,
    });
    const lines = TROUBLED.map((result) => render({ type: "cell-finished", result }));
    expect(started).toBe("run r1: 11 cells, 2 at a time, seed 42, evidence in runs/r1");
    expect(lines[0]).toBe(" 1/11 ok        simultaneous-open.preserve~preserve.drop.te-translate  direct  0.31 s");
    expect(lines.find((line) => line?.includes("SURPRISE"))).toMatch(
      /SURPRISE  simultaneous-open\.random~random\.drop\.te-translate  direct, expected blocked: mapping-mispredicted: crossing \| SYNs/,
    );
    expect(lines.find((line) => line?.includes("ERROR"))).toMatch(/error: the agent of nb ended/);
    expect(lines.find((line) => line?.includes("NO RESULT"))).toMatch(/relay.*invalid: calibration/);
    expect(lines.find((line) => line?.includes("natblaster-4"))).toContain("direct (direct 5/5 57-100 %)");
    const skipped = resultsWith({ "public.none~none": { state: "skipped", verdict: "unsupported", why: "no nft" } });
    const line = render({ type: "cell-finished", result: skipped.find(({ state }) => state === "skipped")! });
    expect(line).toMatch(/SKIPPED {3}public\.none~none {2}unsupported: no nft/);
    expect(render({ type: "cell-started", id: "x" })).toBeUndefined();
  });
});
