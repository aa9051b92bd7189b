import { describe, expect, it } from "vitest";
import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import { expandScenario, loadScenario } from "../../../orchestrator/scenario/load.ts";
import { gatewayName } from "../../../orchestrator/scenario/naming.ts";

const path = new URL("../../../scenarios/open.yaml", import.meta.url).pathname;
const cells = expandScenario(await loadScenario(path));

describe("the matrix of simultaneous open with several sockets", () => {
  it("has every NAT of the catalogue before P2PNAT's A, in one place or another", () => {
    const names = cells.flatMap(({ technique, na, carrier }) =>
      technique.name === "p2pnat" ? [gatewayName(na), ...(carrier?.kind === "shared" ? [carrier.nat.name] : [])] : [],
    );
    expect(names).toEqual(expect.arrayContaining(Object.keys(NATS)));
  });

  it("has each technique that predicts, with steps of 2, -1, -3 and 7", () => {
    const steps = Map.groupBy(
      cells.filter(({ block }) => block.endsWith("steps")),
      ({ technique }) => technique.name,
    );
    expect([...steps.keys()].toSorted()).toEqual(["natblaster-2", "p2pnat", "simultaneous-open", "stunt-1", "stunt-2"]);
    for (const some of steps.values()) {
      const seen = some.flatMap(({ na }) =>
        na.kind === "nat" && na.model.ports.kind === "sequential" ? [na.model.ports.step] : [],
      );
      expect(seen).toEqual(expect.arrayContaining([2, -1, -3, 7]));
    }
  });
});
