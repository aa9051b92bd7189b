import { describe, expect, it } from "vitest";
import { PLAIN_CORE } from "../../../wire/control.ts";
import { CAPABILITY_PROBES } from "../../../orchestrator/engine/doctor/capabilities.ts";
import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import { CAPABILITIES, needsOfCore, needsOfGateway } from "../../../orchestrator/nat/needs.ts";
import { completeModel, type PartialModel, type PortAllocation } from "../../../orchestrator/nat/model.ts";

const needs = (axes: PartialModel & { ports: PortAllocation }) =>
  needsOfGateway({ kind: "nat", name: "x", model: completeModel(axes) });

describe("what a NAT needs of the kernel", () => {
  it.each(["drop", "reset"] as const)(
    "is nothing beyond every world's for the paper's NATs that answer %s",
    (answer) => {
      for (const timeExceeded of ["drop", "translate"] as const)
        for (const name of ["preserve", "sequential", "random"] as const)
          expect(needs({ ...NATS[name].axes, unsolicitedSyn: answer, timeExceeded })).toEqual([]);
      expect(needsOfGateway({ kind: "router" })).toEqual([]);
      expect(needsOfCore(PLAIN_CORE)).toEqual([]);
    },
  );

  it("is settings for a plain router that forwards source routes", () => {
    expect(needsOfGateway({ kind: "router", sourceRoute: "forward" })).toEqual(["network-settings"]);
  });

  it("has a probe of the doctor's for each capability, and a fix", () => {
    expect(Object.keys(CAPABILITY_PROBES).toSorted()).toEqual([...CAPABILITIES].toSorted());
    for (const [name, probe] of Object.entries(CAPABILITY_PROBES)) {
      expect(probe.check).toBe(name);
      expect(probe.fix).toBeDefined();
    }
  });
});

it("a core needs rpfilter against spoofing, the TTL target for more hops, and settings to forward source routes", () => {
  expect(needsOfCore({ ...PLAIN_CORE, sourceRoute: "forward" })).toEqual(["network-settings"]);
  expect(needsOfCore({ ...PLAIN_CORE, antiSpoofing: true })).toEqual(["iptables-rpfilter"]);
  expect(needsOfCore({ ...PLAIN_CORE, extraHops: 1, delayMs: 9 })).toEqual(["iptables-ttl"]);
});
