import { describe, expect, it } from "vitest";
import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import type { Cell } from "../../../orchestrator/scenario/cell.ts";
import { loadRules, loadScenario } from "../../../orchestrator/scenario/load.ts";
import { gatewayName } from "../../../orchestrator/scenario/naming.ts";
import { answerOf, type Answer } from "../../../orchestrator/scenario/rules.ts";

const [table, { cells }] = await Promise.all([
  loadRules(),
  loadScenario(new URL("../../../scenarios/full.yaml", import.meta.url).pathname),
]);

/** The paper's three NATs are in the catalogue a second time, with their policies fixed. */
const PAPER = ["preserve", "sequential", "random"];
const CATALOGUE = Object.keys(NATS).filter((name) => !PAPER.includes(name));

describe("the full matrix", () => {
  it("has ids that are unique and usable as file names", () => {
    expect(new Set(cells.map(({ id }) => id)).size).toBe(cells.length);
    for (const { id } of cells) expect(id).toMatch(/^[a-z0-9][a-z0-9.~+-]{0,200}$/);
  });

  it("has a cell for every rule of the table", () => {
    const used = new Set(cells.map((cell) => (answerOf(table, cell) as Answer).rule));
    const unused = table.techniques.flatMap(({ technique, options, rules }) =>
      rules.filter((rule) => !used.has(rule)).map((rule) => JSON.stringify({ technique, options, ...rule })),
    );
    expect(unused, "give scenarios/full.yaml a cell for it, or drop the rule").toEqual([]);
  });

  it("has every technique and every variant that the table speaks of", () => {
    const variants = table.techniques.flatMap(({ variants: all }) =>
      Object.entries(all).flatMap(([name, options]) =>
        ["syn", "socket", "assist"].flatMap((option) =>
          (options[option] ?? [""]).map((value) => `${name} ${String(value)}`),
        ),
      ),
    );
    const there = new Set(
      cells.flatMap(({ technique }) =>
        [...Object.values(technique), ""].map((value) => `${technique.name} ${String(value)}`),
      ),
    );
    expect([...new Set(variants)].filter((variant) => !there.has(variant))).toEqual([]);
  });

  it.each([
    ["connect", () => true],
    ["simultaneous-open", ({ core }: Cell) => core.delayMs > 0],
    ["simultaneous-open", ({ core, technique }: Cell) => core.delayMs === 0 && optionOf(technique, "syn") === "normal"],
    ["simultaneous-open", ({ technique }: Cell) => optionOf(technique, "syn") === "low-ttl"],
    ["sequential-open", () => true],
    ["stunt-2", ({ technique }: Cell) => optionOf(technique, "socket") === "kept"],
    ["stunt-2", ({ technique }: Cell) => optionOf(technique, "socket") === "aborted"],
    ["natblaster-2", ({ technique }: Cell) => optionOf(technique, "syn") === "low-ttl"],
    ["natblaster-2", ({ technique }: Cell) => optionOf(technique, "syn") === "normal"],
  ])("has every pair of the catalogue's NATs for %s where %s", (name, where) => {
    const pairs = new Set(
      cells
        .filter((cell) => cell.technique.name === name && where(cell))
        .map(({ na, nb }) => `${gatewayName(na)} ${gatewayName(nb)}`),
    );
    const missing = CATALOGUE.flatMap((na) => CATALOGUE.map((nb) => `${na} ${nb}`)).filter((pair) => !pairs.has(pair));
    expect(missing).toEqual([]);
  });
});

function optionOf(technique: Cell["technique"], option: string): unknown {
  return (technique as unknown as Record<string, unknown>)[option];
}
