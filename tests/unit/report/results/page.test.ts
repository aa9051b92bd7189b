import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { CellResult, RunReport } from "../../../../orchestrator/report/events.ts";
import { renderResults } from "../../../../orchestrator/report/results/page.ts";
import { loadScenario } from "../../../../orchestrator/scenario/load.ts";
import { reportOf } from "../results.ts";
import { asExpected } from "./as-expected.ts";

const ROOT = new URL("../../../../", import.meta.url).pathname;

/** Cells of real runs, without the proofs of their trials. */
const RECORDED = JSON.parse(
  gunzipSync(readFileSync(new URL("recorded.json.gz", import.meta.url))).toString(),
) as RunReport[];

describe("the page of results", () => {
  const { markdown, figures } = renderResults(RECORDED);

  it("is made of runs alone", async () => {
    await expect(markdown).toMatchFileSnapshot("golden/results.txt");
  });

  it.each([...figures.keys()])("draws %s from the same figures, and refers to it", async (name) => {
    await expect(figures.get(name)).toMatchFileSnapshot(`golden/${name}.txt`);
    expect(markdown).toContain(`](results/${name})`);
  });

  it("takes a cell that two runs have from the later one, whether or not its run had other scenarios too", () => {
    const all = RECORDED[0]!;
    const rates = RECORDED.at(-1)!;
    const changed = rates.cells.map((result): CellResult => {
      const { cell, rate } = result;
      return { ...result, cell: { ...cell, id: `rates.${cell.id}` }, ...(rate && { rate: { ...rate, direct: 3 } }) };
    });
    const again = renderResults([all, rates, { ...rates, cells: changed }]).markdown;
    expect(again).toMatch(/\| 256 +\| 3\/50 +\|/);
    expect(again).not.toMatch(/\| 256 +\| 30\/50/);
  });

  it("says nothing about what no run tried", () => {
    const all = RECORDED[0]!;
    const some = renderResults([{ ...all, cells: all.cells.filter(({ cell }) => cell.scenario === "paper") }]);
    expect(some.figures.size).toBe(0);
    expect(some.markdown).not.toMatch(/birthday|neighbour's pause/);
  });
});

describe("docs/results.md", () => {
  const page = readFileSync(join(ROOT, "docs/results.md"), "utf8");

  it("has the generator's structure, and nothing that the present scenarios would not give; else run `make results`", async () => {
    const names = [...page.matchAll(/^\| \[([a-z-]+)\]\(\.\.\/scenarios\//gm)].map(([, name]) => name!);
    expect(names).toContain("paper");
    const scenarios = await Promise.all(names.map((name) => loadScenario(join(ROOT, `scenarios/${name}.yaml`))));
    const results = scenarios.flatMap(({ cells }) => cells.map(asExpected));
    const present = structureOf(renderResults([reportOf(results)]).markdown);
    // what was added since stands there after the next `make results`
    let from = 0;
    const foreign = structureOf(page).filter((token) => {
      const at = present.indexOf(token, from);
      if (at >= 0) from = at + 1;
      return at < 0;
    });
    expect(foreign).toEqual([]);
    expect(structureOf(page).filter(isHeading)).toEqual(present.filter(isHeading));
  }, 120_000);

  it("is of runs without a surprise or a cell without a result", () => {
    const rows = [...page.matchAll(/^\| \[([a-z-]+)\]\S+ .*\| (\d+) +\| (\d+) +\|$/gm)];
    expect(rows.map(([, name, surprises, none]) => [name, surprises, none])).toEqual(
      rows.map(([, name]) => [name, "0", "0"]),
    );
    expect(rows.length).toBeGreaterThan(0);
  });

  it("shows figures that are there", () => {
    for (const [, file] of page.matchAll(/\]\((results\/[^)]+)\)/g))
      expect(existsSync(join(ROOT, "docs", file!))).toBe(true);
  });
});

/** Headings, figures, the heads of tables, and what their rows are about; no figure of any run. */
function structureOf(markdown: string): string[] {
  const lines = markdown.split("\n");
  return lines.flatMap((line, at) => {
    if (/^(#|!\[)/.test(line)) return [line];
    if (!line.startsWith("|") || line.startsWith("| -")) return [];
    const cells = line.split("|").map((cell) => cell.trim());
    return lines[at + 1]?.startsWith("| -") ? cells : [cells[1] ?? ""];
  });
}

function isHeading(token: string): boolean {
  return /^(#|!\[)/.test(token);
}
