import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parseScenario } from "../../../orchestrator/scenario/load.ts";
import { CAUSES } from "../../../orchestrator/verdict/outcome.ts";

const page = readFileSync(new URL("../../../docs/scenarios.md", import.meta.url), "utf8");

it("the example of docs/scenarios.md is a sound scenario", () => {
  const [, text] = /```yaml\n(# yaml-language-server[^]*?)```/.exec(page)!;
  const { cells } = parseScenario("mine.yaml", text!);
  expect(cells).toHaveLength(8);
  const [, id] = /Its id names [^`]*`([^`]+)`/.exec(page)!;
  expect(cells.map((cell) => cell.id)).toContain(id);
});

it("docs/scenarios.md names every cause, in order of precedence", () => {
  const table = page.slice(page.indexOf("| Cause"));
  expect([...table.matchAll(/^\| `([a-z-]+)` /gm)].map(([, cause]) => cause)).toEqual(CAUSES);
});
