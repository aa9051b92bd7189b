import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ipv4, port } from "../../../wire/address.ts";
import type { Binding, Fingerprint } from "../../../wire/fingerprint.ts";
import { NATS, type NatName } from "../../../orchestrator/nat/catalogue.ts";
import { classify } from "../../../orchestrator/nat/classify.ts";
import { compareModel } from "../../../orchestrator/nat/compare.ts";
import type { Classification } from "../../../orchestrator/nat/measured.ts";
import { completeModel, type NatModel } from "../../../orchestrator/nat/model.ts";
import { draws, models, seeds } from "./arbitrary.ts";
import { observe } from "./simulated.ts";

describe("classify", () => {
  it("finds every axis of a NAT from what it does", () => {
    fc.assert(
      fc.property(models, seeds, (model, seed) => {
        const found = classify(observe(model, draws(seed)));
        expect(compareModel(model, found)).toEqual([]);
        expect(open(found, model)).toEqual([]);
      }),
    );
  });

  it("tells a NAT that differs from its model in any axis, and which", () => {
    fc.assert(
      fc.property(models, models, seeds, (declared, real, seed) => {
        const found = classify(observe(real, draws(seed)));
        const mismatches = compareModel(declared, found);
        for (const axis of ENUMERATED) {
          const same = JSON.stringify(declared[axis]) === JSON.stringify(real[axis]);
          const named = mismatches.filter((one) => one.startsWith(`${axis}: declared `));
          if (axis === "wrongPeerSyn" && real.filtering === "endpoint-independent") continue;
          if (same || typeof declared[axis] === "object") continue;
          expect(named, `${axis} ${JSON.stringify([declared[axis], real[axis]])}`).toHaveLength(1);
        }
      }),
    );
  });

  it.each(Object.keys(NATS) as NatName[])(
    "classifies the catalogue's %s as itself and as nothing contradictory",
    (name) => {
      const model = completeModel(NATS[name].axes);
      expect(compareModel(model, classify(observe(model, draws(7))))).toEqual([]);
    },
  );

  it("tells a NAT that limits sessions where it is not said to, and one that does not where it is", () => {
    const limited = { ...stock, sessionLimit: 100 };
    const of = (model: NatModel) => classify(observe(model, draws(1)));
    expect(compareModel(limited, of(limited))).toEqual([]);
    expect(compareModel(stock, of(limited))).toEqual([
      expect.stringMatching(/^blockSize: declared no limit.*an end after 100/),
    ]);
    expect(compareModel(limited, of(stock))).toEqual([
      expect.stringMatching(/^sessionLimit: declared 100 sessions.*or more/),
    ]);
  });

  it("says undetermined, and why, of what was not tested", () => {
    const none = { ran: false, why: "needs CAP_NET_RAW" } as const;
    const seen = { ...observe(stock, draws(1)), afterSyn: none, timers: none, hairpin: none };
    const { axes, timeouts } = classify(seen);
    for (const finding of [axes.reset, axes.timeExceeded, axes.crossingSyn, axes.hairpin, timeouts.closingS])
      expect(finding).toEqual({ kind: "undetermined", why: "not tested: needs CAP_NET_RAW" });
    expect(compareModel({ ...stock, reset: "ignore", hairpin: true }, classify(seen))).toEqual([]);
  });
});

describe("port allocation", () => {
  it.each<[string, number[], object | undefined]>([
    ["one by one", [40_000, 40_001, 40_002], { kind: "sequential", step: 1 }],
    ["downwards", [40_011, 40_008, 40_005, 40_002], { kind: "sequential", step: -3 }],
    ["with a new start in the middle", [40_004, 40_005, 40_000, 40_001], { kind: "sequential", step: 1 }],
    [
      "with two new starts",
      [40_004, 40_005, 40_000, 40_001, 40_002, 40_003, 40_004, 40_005, 40_000],
      { kind: "sequential", step: 1 },
    ],
    ["with ports that others took", [40_000, 40_001, 40_004, 40_005, 40_009, 40_012], { kind: "sequential", step: 1 }],
    [
      "with ports that others took of every second",
      [40_000, 40_002, 40_008, 40_010, 40_012, 40_020],
      { kind: "sequential", step: 2 },
    ],
    ["without any pattern", [4711, 60_123, 1025, 33_000, 15_000], { kind: "random" }],
    ["from four ports", [50_000, 50_003, 50_001, 50_001, 50_002, 50_000, 50_003, 50_000], { kind: "random" }],
    ["of which there are two", [40_000, 40_001], undefined],
    ["of which three show nothing", [4711, 60_123, 1025], undefined],
    [
      "that are two short sequences, even and odd",
      [40_002, 40_001, 40_004, 40_003, 40_006],
      { kind: "sequential", step: 2, parity: true },
    ],
    ["that follow each other by unlike steps, even and odd", [40_002, 40_001, 40_008, 40_003, 40_016], undefined],
    [
      "that are two sequences, even and odd",
      [40_002, 40_001, 40_004, 40_003, 40_006, 40_005, 40_008],
      { kind: "sequential", step: 2, parity: true },
    ],
    ["that climb without one step", [40_000, 40_003, 40_010, 40_011, 40_031, 40_036], undefined],
  ])("of ports %s", (_, ports, expected) => {
    const found = classify({ ...observe(stock, draws(1)), bindings: { ran: true, made: bindings(ports) } }).axes.ports;
    if (expected) expect(found).toMatchObject({ kind: "determined", value: expected });
    else expect(found.kind).toBe("undetermined");
  });

  it("of a preserving NAT with one collision is preserving", () => {
    const ports = Array.from({ length: 12 }, (_, index) => (index === 4 ? 33_333 : 20_000 + index));
    const seen: Fingerprint = { ...observe(stock, draws(1)), bindings: { ran: true, made: bindings(ports) } };
    expect(classify(seen).axes.ports).toMatchObject({ value: { kind: "preserve" } });
  });

  it("of an X with one endpoint leaves the mapping open", () => {
    const seen: Fingerprint = {
      ...observe(stock, draws(1)),
      bindings: { ran: true, made: bindings([20_000, 20_001]) },
    };
    expect(classify(seen).axes.mapping).toMatchObject({
      kind: "undetermined",
      why: "no local port reached two endpoints of X",
    });
  });

  it("of two ports at one address of X tells address-and-port-dependent mapping only", () => {
    const seen = observe(stock, draws(1));
    const made = seen.bindings.ran ? seen.bindings.made.filter(({ x }) => x.ip === "203.0.113.2") : [];
    const one = classify({ ...seen, bindings: { ran: true, made } });
    expect(one.axes.mapping).toMatchObject({
      kind: "undetermined",
      why: expect.stringContaining("second address") as string,
    });
    const moving = made.map((binding, index) => ({
      ...binding,
      outside: { ip: ipv4("192.0.2.2"), port: port(4000 + 97 * index) },
    }));
    const two = classify({ ...seen, bindings: { ran: true, made: moving } });
    expect(two.axes.mapping).toMatchObject({ value: "address-and-port-dependent" });
  });
});

describe("a NAT without translation", () => {
  it("is told, and differs from every model", () => {
    const made = bindings([20_000, 20_001, 20_002]).map((binding) => ({ ...binding, outside: binding.local }));
    const found = classify({ ...observe(stock, draws(1)), bindings: { ran: true, made } });
    expect(found.translated).toMatchObject({ value: false, evidence: "10.1.0.2:20000 is seen as 10.1.0.2:20000" });
    expect(compareModel(stock, found)).toEqual(["no translation: 10.1.0.2:20000 is seen as 10.1.0.2:20000"]);
  });
});

const stock = completeModel({ ports: { kind: "preserve" } });

const ENUMERATED = [
  "mapping",
  "filtering",
  "unsolicitedSyn",
  "wrongPeerSyn",
  "timeExceeded",
  "reset",
  "outOfState",
  "windowTracking",
  "sequenceNumbers",
  "sourceRoute",
  "hairpin",
] as const;

/** Axes that were left open although the battery was complete. */
function open({ axes, timeouts }: Classification, model: NatModel): string[] {
  const admitsAll = model.filtering === "endpoint-independent";
  return Object.entries({ ...axes, ...timeouts })
    .filter(([axis, { kind }]) => kind === "undetermined" && !(axis === "wrongPeerSyn" && admitsAll))
    .map(([axis, finding]) => `${axis}: ${JSON.stringify(finding)}`);
}

function bindings(ports: readonly number[]): Binding[] {
  return ports.map((outside, index) => ({
    local: { ip: ipv4("10.1.0.2"), port: port(20_000 + index) },
    x: { ip: ipv4("203.0.113.2"), port: port(7001) },
    outside: { ip: ipv4("192.0.2.2"), port: port(outside) },
  }));
}
