import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { traitsOf } from "../../../agents/choice/traits.ts";
import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import { completeModel, refusalName, type NatModel } from "../../../orchestrator/nat/model.ts";
import { ipv4 } from "../../../wire/address.ts";
import type { Fingerprint } from "../../../wire/fingerprint.ts";
import { isOffer, OFFER_VERSION } from "../../../wire/traits.ts";
import { draws, models, seeds } from "../nat/arbitrary.ts";
import { observe } from "../nat/simulated.ts";

const OUTSIDE = ipv4("192.0.2.2");
const NOT_RUN = { ran: false, why: "needs CAP_NET_RAW" } as const;

/** What a quick battery does: five local ports, the last of them to four endpoints. */
function quick(model: NatModel, seed = 1): Fingerprint {
  const seen = observe(model, draws(seed));
  if (!seen.bindings.ran) return seen;
  const locals = [...new Set(seen.bindings.made.map(({ local }) => local.port))].slice(0, 5);
  const made = seen.bindings.made.slice(0, locals.length * 4);
  return { ...seen, mode: "quick", bindings: { ran: true, made } };
}

describe("the traits of a fingerprint", () => {
  const HABITS: Record<keyof typeof NATS, string> = {
    preserve: "preserved",
    sequential: "sequential",
    random: "random",
    "linux-masquerade": "preserved",
    "linux-closed-input": "preserved",
    openwrt: "preserved",
    rfc5382: "preserved",
    "full-cone": "consistent",
    "address-restricted": "consistent",
    "port-restricted": "consistent",
    "symmetric-sequential": "sequential",
    "symmetric-sequential-2": "sequential",
    "symmetric-random": "random",
    "carrier-grade": "consistent",
    hostile: "random",
    "source-route-aware": "preserved",
    stateless: "preserved",
  };

  it.each(Object.entries(HABITS))("of %s say that its ports are %s", (name, habit) => {
    const { axes } = NATS[name as keyof typeof NATS];
    expect(traitsOf(quick(completeModel(axes)), OUTSIDE).ports).toBe(habit);
  });

  it("say what the axes say, for any NAT, and fit an offer", () => {
    fc.assert(
      fc.property(models, seeds, (model, seed) => {
        const traits = traitsOf(quick(model, seed), OUTSIDE);
        expect(traits).toMatchObject({
          open: model.filtering === "endpoint-independent",
          openToAddress: model.filtering !== "address-and-port-dependent",
          crossing: model.crossingSyn === "accept",
          ignoresReset: model.reset === "ignore",
          answersOut: model.outOfState === "translate",
          sequenceKept: model.sequenceNumbers === "keep",
          sourceRoute: model.sourceRoute,
        });
        const refusals: Record<string, string> = {
          drop: "silence",
          reset: "reset",
          "port-unreachable": "icmp",
          "admin-prohibited": "icmp",
          "delayed-icmp": "silence", // by the time that it speaks
        };
        expect(traits.refusal).toBe(refusals[refusalName(model.unsolicitedSyn)]);
        expect(isOffer({ v: OFFER_VERSION, capabilities: [], nat: traits })).toBe(true);
      }),
    );
  });

  it("leave out what was not tested, and what too few connections cannot show", () => {
    const seen = quick(completeModel(NATS.preserve.axes));
    const bare = {
      ...seen,
      bindings: { ran: true, made: seen.bindings.ran ? seen.bindings.made.slice(0, 4) : [] },
      strangers: NOT_RUN,
      afterSyn: NOT_RUN,
      sequence: NOT_RUN,
      outOfState: NOT_RUN,
      sourceRoute: NOT_RUN,
      unsolicited: NOT_RUN,
    } as const;
    expect(traitsOf(bare, OUTSIDE)).toEqual({ outside: OUTSIDE, rttMs: 1 });
  });

  it("forgive a sequence one break, where its range came round", () => {
    const model = completeModel({ ports: { kind: "sequential", step: 3, range: { from: 40_000, to: 40_014 } } });
    expect(traitsOf(quick(model), OUTSIDE).ports).toBe("random"); // it came round more often
    const wide = completeModel({ ports: { kind: "sequential", step: 3, range: { from: 40_000, to: 40_050 } } });
    expect(traitsOf(quick(wide), OUTSIDE).ports).toBe("sequential");
  });
});
