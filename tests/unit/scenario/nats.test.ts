import { describe, expect, it } from "vitest";
import { PLAIN_CORE } from "../../../wire/control.ts";
import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import { expandScenario, loadScenario } from "../../../orchestrator/scenario/load.ts";
import { gatewayName } from "../../../orchestrator/scenario/naming.ts";

const cells = expandScenario(await loadScenario(new URL("../../../scenarios/nats.yaml", import.meta.url).pathname));

describe("the catalogue's matrix", () => {
  it("has ids that are unique and usable as file names", () => {
    expect(new Set(cells.map(({ id }) => id)).size).toBe(cells.length);
    for (const { id } of cells) expect(id).toMatch(/^[a-z0-9][a-z0-9.~+-]*$/);
  });

  it("has every NAT of the catalogue that the paper's matrix has not, with each technique", () => {
    const names = Object.keys(NATS).filter((name) => !["preserve", "sequential", "random"].includes(name));
    for (const technique of ["connect", "simultaneous-open", "natblaster-2"] as const) {
      const chosen = cells.filter((cell) => cell.technique.name === technique);
      expect([...new Set(chosen.flatMap(({ na, nb }) => [gatewayName(na), gatewayName(nb)]))]).toEqual(
        expect.arrayContaining(names),
      );
    }
  });

  it("has carriers of each kind, neighbours on each side, and each effect of the core that is no matter of chance", () => {
    expect(new Set(cells.map(({ carrier }) => carrier?.kind))).toEqual(new Set([undefined, "each", "shared"]));
    const beside = cells.map(({ neighbours }) => Object.keys(neighbours ?? {}).join());
    expect(new Set(beside)).toEqual(new Set(["", "a", "b", "a,b"]));
    for (const field of ["icmp", "antiSpoofing", "delayMs", "extraHops"] as const)
      expect(cells.some(({ core }) => core[field] !== PLAIN_CORE[field])).toBe(true);
  });
});
