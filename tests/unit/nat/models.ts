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
  "full-cone": nat({ ...NATS["full-cone"].axes }),
  "address-restricted-hairpin": nat({
    mapping: "address-dependent",
    filtering: "address-dependent",
    ports: { kind: "preserve" },
    hairpin: true,
  }),
  "connection-preserving": nat({
    mapping: "address-and-port-dependent",
    ports: { kind: "preserve" },
    timeouts: { synSentS: 10, establishedS: 20, closingS: 30 },
  }),
  "sequential-parity": nat({
    mapping: "endpoint-independent",
    filtering: "address-dependent",
    ports: { kind: "sequential", step: 2, range: { from: 40000, to: 40019 }, parity: true },
  }),
  "random-awkward-range": nat({
    mapping: "address-dependent",
    ports: { kind: "random", range: { from: 20000, to: 60000 } },
  }),
  "carrier-blocks": nat({
    ...NATS["carrier-grade"].axes,
    ports: { kind: "random", range: { from: 40000, to: 40047 } },
    blockSize: 8,
  }),
  "punched-hairpin": nat({ ...NATS["port-restricted"].axes, hairpin: true }),
};

function nat(model: Parameters<typeof completeModel>[0]): Gateway {
  return { kind: "nat", name: "test", model: completeModel(model) };
}
