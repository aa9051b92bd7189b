import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkModel } from "../../../orchestrator/nat/check.ts";
import { NATS, type NatName } from "../../../orchestrator/nat/catalogue.ts";
import { classify } from "../../../orchestrator/nat/classify.ts";
import { compareModel } from "../../../orchestrator/nat/compare.ts";
import { modelFrom } from "../../../orchestrator/nat/definition.ts";
import { renderDefinition } from "../../../orchestrator/nat/definition-yaml.ts";
import { completeModel, type NatModel } from "../../../orchestrator/nat/model.ts";
import { parseScenario } from "../../../orchestrator/scenario/load.ts";
import type { Fingerprint } from "../../../wire/fingerprint.ts";
import { draws, models, seeds } from "./arbitrary.ts";
import { observe } from "./simulated.ts";

/** The NAT as a scenario that names it loads it. */
function reload(seen: Fingerprint): NatModel {
  const text = `name: test\n${renderDefinition("measured", modelFrom(classify(seen)))}matrix:
  - { technique: connect, na: [measured], nb: [preserve], expect: [{ verdict: blocked, cause: filtered }] }\n`;
  const { na } = parseScenario("test.yaml", text).cells[0]!;
  if (na.kind !== "nat") throw new Error("no NAT");
  return na.model;
}

describe("a NAT defined from a fingerprint", () => {
  it.each(Object.keys(NATS) as NatName[])("behaves like the catalogue's %s that was measured", (name) => {
    const seen = observe(completeModel(NATS[name].axes), draws(3));
    expect(compareModel(reload(seen), classify(seen))).toEqual([]);
  });

  it("agrees with everything that was measured, or says that it cannot be built", () => {
    fc.assert(
      fc.property(models, seeds, (model, seed) => {
        const seen = observe(model, draws(seed));
        const definition = modelFrom(classify(seen));
        if (definition.problems.length > 0)
          expect(renderDefinition("n", definition)).toContain("# The testbed cannot build");
        else expect(compareModel(reload(seen), classify(seen))).toEqual([]);
      }),
    );
  });

  it("is like Linux where nothing was measured, and says so behind every axis", () => {
    const stock = completeModel({ ports: { kind: "preserve" } });
    const nothing = Object.fromEntries(
      Object.entries(observe(stock, draws(1))).map(([key, value]) => [
        key,
        typeof value === "object" && "ran" in value ? { ran: false, why: "needs root" } : value,
      ]),
    ) as unknown as Fingerprint;
    expect(reload(nothing)).toEqual(stock);
    expect(checkModel(stock)).toEqual([]);
    const text = renderDefinition("measured", modelFrom(classify(nothing)));
    expect(text).toContain("    hairpin: false # default, not measured: not tested: needs root\n");
  });
});
