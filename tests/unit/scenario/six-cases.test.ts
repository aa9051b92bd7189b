import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { filterCells } from "../../../orchestrator/cli/selection.ts";
import { loadScenario, type Scenario } from "../../../orchestrator/scenario/load.ts";
import { expectationText } from "../../../orchestrator/report/words.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const page = readFileSync(`${ROOT}docs/six-cases.md`, "utf8");
const rows = [...page.matchAll(/^\| `(bin\/natbed [^`]+)` +\| `([^`]+)` +\|$/gm)].map(([, command, verdict]) => ({
  command: command!,
  verdict: verdict!,
}));

const scenarios = new Map<string, Promise<Scenario>>();

function scenarioOf(file: string): Promise<Scenario> {
  const known = scenarios.get(file) ?? loadScenario(ROOT + file);
  scenarios.set(file, known);
  return known;
}

describe("docs/six-cases.md", () => {
  it("has a section of every case, with a command at least, and no command outside of a table", () => {
    const sections = page.split(/^## /m).slice(1);
    expect(sections.map((section) => /^Case (\d)/.exec(section)?.[1])).toEqual(["1", "2", "3", "4", "5", "6"]);
    for (const section of sections) expect(section).toContain("| `bin/natbed matrix ");
    expect(rows).toHaveLength(page.split("bin/natbed ").length - 1);
  });

  it.each(rows)("$command selects cells that are expected to be $verdict", async ({ command, verdict }) => {
    const [, file, filter] = /^bin\/natbed matrix (scenarios\/\S+\.yaml) -t (\S+)$/.exec(command)!;
    const cells = filterCells((await scenarioOf(file!)).cells, [filter!]);
    const expected = cells.map((cell) => `${cell.id}: ${expectationText(cell.expected)}`);
    expect(expected).toEqual(cells.map(({ id }) => `${id}: ${verdict}`));
  });
});
