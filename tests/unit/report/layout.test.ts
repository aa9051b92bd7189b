import { describe, expect, it } from "vitest";
import type { CellResult } from "../../../orchestrator/report/events.ts";
import { layOut } from "../../../orchestrator/report/layout.ts";
import { parseScenario } from "../../../orchestrator/scenario/load.ts";

/** Grids of the one block that an entry of these lines makes. */
function gridsOf(lines: string) {
  const text = `name: x\nmatrix:\n  - { technique: connect, ${lines}, expect: [{ verdict: blocked, cause: filtered }] }\n`;
  const results = parseScenario("x.yaml", text).cells.map((cell): CellResult => ({
    cell,
    state: "done",
    verdict: "blocked",
    why: "",
    trials: [],
    surprise: false,
    tookMs: 1,
    dir: cell.id,
  }));
  const [block] = layOut(results);
  const shown = block!.grids.flatMap((grid) =>
    grid.rows.flatMap((row) => grid.columns.map((name) => grid.at(row, name))),
  );
  expect(new Set(shown)).toEqual(new Set(results));
  return block!.grids.map(({ policy, rows, columns }) => ({ policy, rows, columns }));
}

describe("the tables of a block", () => {
  it("are one for each core and each carrier", () => {
    const lists = "na: [preserve], nb: [random], core: [{}, { delayMs: 20, icmp: off }]";
    expect(
      gridsOf(`${lists}, carrier: [none, { shared: openwrt }, { a: openwrt, b: openwrt }]`).map(({ policy }) => policy),
    ).toEqual([
      "SYN drop, time-exceeded translate",
      "SYN drop, time-exceeded translate, both behind one openwrt",
      "SYN drop, time-exceeded translate, each behind openwrt",
      "SYN drop, time-exceeded translate, core ICMP off, 20 ms",
      "SYN drop, time-exceeded translate, core ICMP off, 20 ms, both behind one openwrt",
      "SYN drop, time-exceeded translate, core ICMP off, 20 ms, each behind openwrt",
    ]);
    expect(gridsOf("na: [preserve], nb: [random], carrier: { a: openwrt }")[0]!.policy).toMatch(/, A behind openwrt$/);
  });

  it("are one for each policy where a NAT has several", () => {
    expect(
      gridsOf("na: [preserve], nb: [preserve], unsolicitedSyn: [drop, reset]").map(({ policy }) => policy),
    ).toEqual(["SYN drop, time-exceeded translate", "SYN reset, time-exceeded translate"]);
  });

  it("are not split where every NAT has a policy of its own, which its name says", () => {
    expect(gridsOf("na: [openwrt, hostile, full-cone], nb: [linux-closed-input, openwrt]")).toEqual([
      { policy: "", rows: ["openwrt", "hostile", "full-cone"], columns: ["linux-closed-input", "openwrt"] },
    ]);
  });
});
