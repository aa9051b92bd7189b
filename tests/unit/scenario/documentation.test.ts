import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parseScenario } from "../../../orchestrator/scenario/load.ts";
import { AXES } from "../../../orchestrator/nat/model.ts";
import { PLAIN_CORE } from "../../../wire/control.ts";
import { CAUSES } from "../../../orchestrator/verdict/outcome.ts";

const page = readFileSync(new URL("../../../docs/scenarios.md", import.meta.url), "utf8");

it("the example of docs/scenarios.md is a sound scenario", () => {
  const [, text] = /```yaml\n(# yaml-language-server[^]*?)```/.exec(page)!;
  const { cells } = parseScenario("mine.yaml", text!);
  expect(cells).toHaveLength(8);
  const [, id] = /Its id names [^`]*`([^`]+)`/.exec(page)!;
  expect(cells.map((cell) => cell.id)).toContain(id);
});

it("docs/scenarios.md names every axis of a NAT and every field of the core", () => {
  const table = (head: string) => page.slice(page.indexOf(head)).split("\n\n")[0]!;
  const keys = (head: string) => [...table(head).matchAll(/^\| `(\w+)` /gm)].map(([, key]) => key);
  expect(keys("| Axis")).toEqual(AXES);
  expect(new Set(keys("| Core"))).toEqual(new Set(Object.keys(PLAIN_CORE)));
});

it("what docs/scenarios.md shows of NATs and of the world around them is sound", () => {
  const blocks = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text!);
  const [, nats, world] = blocks;
  const lines = world!.trim().replaceAll("\n", "\n    ");
  const text = `name: x\n${nats}matrix:\n  - technique: simultaneous-open\n    na: [down, patient, forgetful]\n    nb: [openwrt]\n    ${lines}\n    expect: [{ verdict: direct }]\n`;
  expect(parseScenario("x.yaml", text).cells).toHaveLength(3 * 3 * 4);
});

it("docs/scenarios.md names every cause, in order of precedence", () => {
  const table = page.slice(page.indexOf("| Cause"));
  expect([...table.matchAll(/^\| `([a-z-]+)` /gm)].map(([, cause]) => cause)).toEqual(CAUSES);
});
