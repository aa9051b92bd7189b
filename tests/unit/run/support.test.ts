import { expect, it } from "vitest";
import { lackingFor, needsOfCell, partition } from "../../../orchestrator/run/support.ts";
import type { Engine } from "../../../orchestrator/engine/index.ts";
import { parseScenario } from "../../../orchestrator/scenario/load.ts";

const { cells } = parseScenario(
  "x.yaml",
  `name: x
matrix:
  - technique: connect
    na: [preserve]
    nb: [preserve]
    core: [{}, { extraHops: 1 }, { extraHops: 1, antiSpoofing: true }]
    expect: [{ verdict: blocked, cause: filtered }]
`,
);

it("a cell is unsupported with what it lacks and how that was found, and the others are not", () => {
  const lacking = new Map([["iptables-ttl", "iptables-ttl: no such target"]] as const);
  const { able, unable } = partition(cells, lacking);
  expect(able).toEqual([cells[0]]);
  expect(unable.map(({ cell }) => cell)).toEqual(cells.slice(1));
  expect(unable[1]!.outcome).toMatchObject({ verdict: "unsupported", missing: ["iptables-ttl"] });
  expect(unable[1]!.outcome.why).toMatch(/cannot build the cell's world: iptables-ttl: no such target; natbed doctor/);
});

it("every cell is built where nothing is lacking", () => {
  expect(partition(cells, new Map())).toEqual({ able: cells, unable: [] });
});

it("no engine is asked where no cell needs anything special", async () => {
  const nobody = {} as Engine;
  expect(await lackingFor(cells.slice(0, 1), nobody)).toEqual(new Map());
  expect([...needsOfCell(cells[2]!)].toSorted()).toEqual(["iptables-rpfilter", "iptables-ttl"]);
});

it("what is withheld counts as lacking", async () => {
  const lacking = await lackingFor(cells.slice(0, 1), {} as Engine, ["nft-notrack"]);
  expect(lacking).toEqual(new Map([["nft-notrack", "nft-notrack: withheld"]]));
});
