import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import { completeModel, type Gateway } from "../../../orchestrator/nat/model.ts";
import type { GatewayPlace } from "../../../orchestrator/nat/ruleset.ts";

export const PLACE: GatewayPlace = { outside: "out", lan: "10.1.0.0/24", outsideAddress: "198.51.100.1" };

/** One gateway per kind of rule that the generator knows. */
export const GATEWAYS: Record<string, Gateway> = {
  router: { kind: "router" },
  "preserve-drop": nat({ ...NATS.preserve.axes, unsolicitedSyn: "drop", timeExceeded: "drop" }),
  "random-reset": nat({ ...NATS.random.axes, unsolicitedSyn: "reset", timeExceeded: "translate" }),
  "random-four-ports": nat({
    ports: { kind: "random", range: { from: 50000, to: 50003 } },
    unsolicitedSyn: "drop",
    timeExceeded: "translate",
  }),
  "sequential-two-levels": nat({ ...NATS.sequential.axes, unsolicitedSyn: "drop", timeExceeded: "translate" }),
  "sequential-down-by-three": nat({
    ports: { kind: "sequential", step: -3, range: { from: 40000, to: 40012 } },
    unsolicitedSyn: "reset",
    timeExceeded: "drop",
  }),
};

function nat(model: Parameters<typeof completeModel>[0]): Gateway {
  return { kind: "nat", name: "test", model: completeModel(model) };
}
