import { describe, expect, it } from "vitest";
import type { Capture, Evidence } from "../../../orchestrator/evidence/types.ts";
import { judge } from "../../../orchestrator/verdict/judge.ts";
import type { FailureCode } from "../../../wire/attempt.ts";
import type { NodeId } from "../../../wire/control.ts";
import { mapCapture, mustBeBlocked, withoutSegments } from "./falsify.ts";
import { recorded } from "./recorded/index.ts";

const NB_OUTSIDE = "198.51.100.2";

describe("among several causes", () => {
  it("the RST counts before silence, and silence before the lack of any packet", async () => {
    const { cell, evidence } = await recorded("reset-by-nat");
    const causeOf = (some: Evidence) => mustBeBlocked(judge(cell, some)).cause;
    const noReset = withoutSegments(({ kind }) => kind === "rst")(evidence);
    const noArrival = withoutSegments(
      ({ node, kind, direction }) => node === "nb" && kind === "syn" && direction === "in",
    );
    expect(causeOf(evidence)).toBe("reset-by-nat");
    expect(causeOf(noReset)).toBe("filtered");
    expect(causeOf(noArrival(noReset))).toBe("timeout");
  });

  it("a RST that left before the SYN arrived is no answer to it", async () => {
    const { cell, evidence } = await recorded("reset-by-nat");
    const isReset = ({ bytes }: { bytes: Uint8Array }): boolean => bytes[9] === 6 && (bytes[33]! & 4) !== 0;
    const early = mapCapture("nb", (capture) => {
      const packets = capture.packets.map((one) => (isReset(one) ? { ...one, atUs: one.atUs - 1_000_000 } : one));
      return { ...capture, packets };
    });
    expect(mustBeBlocked(judge(cell, early(evidence))).cause).toBe("filtered");
  });

  it("an ICMP error at the sender counts before a RST of the far NAT", async () => {
    const reset = await recorded("reset-by-nat");
    const icmp = await recorded("icmp-killed-connect");
    const both = joined(reset.evidence, icmp.evidence);
    expect(mustBeBlocked(judge(reset.cell, both)).cause).toBe("reset-by-nat");
    const told = { ...both, attempts: icmp.evidence.attempts };
    expect(mustBeBlocked(judge(reset.cell, told)).cause).toBe("icmp-killed-connect");
  });

  it("an agent's word alone makes no cause: without the ICMP packet its icmp-leak is none", async () => {
    const { cell, evidence } = await recorded("icmp-killed-connect");
    const withoutIcmp = Object.fromEntries(
      Object.entries(evidence.captures).map(([node, capture]) => {
        const packets = capture.packets.filter(({ bytes }) => bytes[9] !== 1);
        return [node, { ...capture, packets }];
      }),
    );
    expect(mustBeBlocked(judge(cell, { ...evidence, captures: withoutIcmp })).cause).not.toBe("icmp-killed-connect");
  });

  it("an agent's word alone makes no cause: without SYN+ACKs at the NAT its no-collision is none", async () => {
    const { cell, evidence } = await recorded("no-collision");
    const stopped = withoutSegments(
      ({ node, src, kind }) => node === "na" && kind === "syn-ack" && src.ip === NB_OUTSIDE,
    );
    expect(mustBeBlocked(judge(cell, stopped(evidence))).cause).not.toBe("no-collision");
  });
});

describe("no cause is given", () => {
  it.each([
    ["packets are missing", (some: Evidence) => lose(some, "na"), "evidence-incomplete", /^4 packets missing .* na$/],
    [
      "a capture was dead",
      (some: Evidence) => deaden(some, "r"),
      "evidence-incomplete",
      /^the capture of r saw 0 of 2/,
    ],
    ["events are missing", (some: Evidence) => ({ ...some, eventsLost: true }), "evidence-incomplete", /events/],
    ["a capability was missing", (some: Evidence) => fail(some, "missing-capability"), "attempt-spoiled", /EPERM/],
    ["a port was busy", (some: Evidence) => fail(some, "port-busy"), "attempt-spoiled", /^port-busy/],
    ["no more files could be opened", (some: Evidence) => fail(some, "fd-limit"), "attempt-spoiled", /^fd-limit/],
    ["X could not do its part", (some: Evidence) => fail(some, "x-failed"), "attempt-spoiled", /^x-failed/],
  ] as const)("where %s: the trial is invalid, though a cause shows", async (_, spoil, code, why) => {
    const { cell, evidence } = await recorded("reset-by-nat");
    const outcome = judge(cell, spoil(evidence));
    expect(outcome).toMatchObject({ verdict: "invalid", fault: { code } });
    expect(outcome.why).toMatch(why);
  });
});

function lose(evidence: Evidence, node: "na"): Evidence {
  return { ...evidence, captures: { ...evidence.captures, [node]: { ...evidence.captures[node]!, lost: 4 } } };
}

function deaden(evidence: Evidence, node: "r"): Evidence {
  const capture = { ...evidence.captures[node]!, sentinels: { sent: 2, seen: 0 } };
  return { ...evidence, captures: { ...evidence.captures, [node]: capture } };
}

function fail(evidence: Evidence, failure: FailureCode): Evidence {
  return { ...evidence, attempts: { ...evidence.attempts, b: { ok: false, failure, detail: "EPERM" } } };
}

/** What both worlds' nodes and NATs saw, as if in one; the rest is the first one's. */
function joined(one: Evidence, other: Evidence): Evidence {
  const captures = (Object.entries(one.captures) as [NodeId, Capture][]).map(([node, capture]) => {
    const more = other.captures[node] ?? { interfaces: [], packets: [] };
    const packets = more.packets.map((packet) => ({
      ...packet,
      iface: capture.interfaces.indexOf(more.interfaces[packet.iface]!),
    }));
    return [node, { ...capture, packets: [...capture.packets, ...packets] }];
  });
  const events = { na: [...one.events.na, ...other.events.na], nb: [...one.events.nb, ...other.events.nb] };
  return { ...one, events, captures: Object.fromEntries(captures) as Evidence["captures"] };
}
