import { describe, expect, it } from "vitest";
import type { Evidence } from "../../../orchestrator/evidence/types.ts";
import { judge } from "../../../orchestrator/verdict/judge.ts";
import type { FlowTotal } from "../../../wire/evidence.ts";
import { helloOf } from "../../../wire/hello.ts";
import { endpoint, mapCapture, mapEntries, mapExchange, mapFlows, type Falsify } from "./falsify.ts";
import { recorded } from "./recorded/index.ts";

const FORGED = await recorded("direct-forged");
const { cell, evidence } = FORGED;
const NB_OUTSIDE = "198.51.100.2";
const X = "203.0.113.2";

const fromPeer = ({ direction, src, payloadBytes }: FlowTotal): boolean =>
  direction === "in" && src.ip === NB_OUTSIDE && payloadBytes > 0;
const between = (ip: string, entry: { original: { dst: { ip: string } } }): boolean => entry.original.dst.ip === ip;
const foreignHello = helloOf("b", "another session", evidence.key).toString("hex");
const withoutKey = helloOf("b", evidence.session, "another key").toString("hex");
const echoed = helloOf("a", evidence.session, evidence.key).toString("hex");

function startingWith(hello: string): Falsify {
  return mapFlows("a", (flow) =>
    fromPeer(flow) ? { ...flow, payloadStart: hello + flow.payloadStart.slice(64) } : flow,
  );
}

const flowAtX = (change: Partial<FlowTotal>): Falsify =>
  mapCapture("x", (capture) => ({ ...capture, flows: [...capture.flows, { ...capture.flows[0]!, ...change }] }));

function omit(...keys: (keyof Evidence)[]): Falsify {
  return (whole) => Object.fromEntries(Object.entries(whole).filter(([key]) => !keys.includes(key as never))) as never;
}

/** A packet of X's own capture, moved into the time in which X was cut off. */
const heardByXDuringCut: Falsify = (whole) =>
  mapCapture("x", (capture) => {
    const packet = capture.packets.find(({ direction }) => direction === "in")!;
    return { ...capture, packets: [...capture.packets, { ...packet, atUs: whole.afterCut!.fromUs + 5 }] };
  })(whole);

describe("a direct connection", () => {
  it.each([
    ["direct-forged", "forged"],
    ["direct-self-forged", "self-forged"],
    ["direct-crossed", "crossed"],
    ["direct-plain", "plain"],
    ["direct-private", "plain"], // in one private network, past the NAT that both share
    ["direct-listener", "plain"], // though both sides sent SYNs, and B's came to A
  ] as const)("is what the evidence of %s proves, point by point", async (name, handshake) => {
    const { cell: itsCell, evidence: itsEvidence } = await recorded(name);
    const outcome = judge(itsCell, itsEvidence);
    if (outcome.verdict !== "direct") throw new Error(outcome.why);
    expect(outcome.proof.handshake).toBe(handshake);
    expect(outcome.proof.points).toHaveLength(10);
    const { a, b } = itsEvidence.attempts;
    if (!a.ok || !b.ok) throw new Error("both agents hold a connection");
    expect(outcome.proof.connectMs).toBe(Math.max(a.connectMs, b.connectMs));
    expect(outcome.why).toContain(`${b.remote.ip}:${b.remote.port} ↔ ${a.remote.ip}:${a.remote.port}`);
  });

  it("is judged the same from the same evidence, in whatever order the nodes' captures come", () => {
    const reversed = Object.fromEntries(Object.entries(evidence.captures).toReversed()) as Evidence["captures"];
    expect(judge(cell, { ...evidence, captures: reversed })).toEqual(judge(cell, evidence));
  });

  it("bears signalling at X, below 64 KiB", () => {
    const more = flowAtX({ src: endpoint(X, 7000), dst: endpoint("192.0.2.2", 5), payloadBytes: 60_000 });
    expect(judge(cell, more(evidence)).verdict).toBe("direct");
  });
});

describe("no direct verdict", () => {
  const FALSIFIED: [string, Falsify, string][] = [
    ["without an exchange", omit("exchange"), "1 MiB both ways: not both agents held a connection"],
    [
      "with a wrong digest at A",
      mapExchange("exchange", "a", { receivedSha256: "0".repeat(64) }),
      "1 MiB both ways: digest at A is wrong",
    ],
    [
      "with the sender's own digest at B",
      mapExchange("exchange", "b", { receivedSha256: evidence.exchange!.results.a.receivedSha256 }),
      "1 MiB both ways: digest at B is wrong",
    ],
    [
      "with one byte short at B",
      mapExchange("exchange", "b", { receivedBytes: (1 << 20) - 1, error: "ECONNRESET" }),
      "1 MiB both ways: B received 1048575 of 1048576 bytes (ECONNRESET)",
    ],
    [
      "without NA's conntrack entry",
      mapEntries("na", (entry) => (between(NB_OUTSIDE, entry) ? undefined : entry)),
      "NA's conntrack has no entry for the agents' connection",
    ],
    [
      "without NB's conntrack entry",
      mapEntries("nb", (entry) => (between("192.0.2.2", entry) ? undefined : entry)),
      "NB's conntrack has no entry for the agents' connection",
    ],
    [
      "with an entry that is not assured",
      mapEntries("na", (entry) => ({ ...entry, assured: false })),
      "NA's entry is ESTABLISHED, not assured",
    ],
    [
      "with an entry in another state",
      mapEntries("nb", (entry) => ({ ...entry, state: "SYN_SENT" })),
      "NB's entry is SYN_SENT",
    ],
    [
      "with an entry under another outside address",
      mapEntries("na", (entry) => ({ ...entry, reply: { ...entry.reply, dst: endpoint("192.0.2.9", 1) } })),
      "NA's entry goes from 192.0.2.9 to 198.51.100.2, not to the peer's NAT",
    ],
    [
      "with another tuple in NA than in NB",
      mapEntries("na", (entry) => ({ ...entry, reply: { ...entry.reply, dst: endpoint("192.0.2.2", 1) } })),
      "the NATs hold different connections",
    ],
    [
      "without payload from the peer's NAT",
      mapFlows("a", (flow) => (fromPeer(flow) ? undefined : flow)),
      "no payload with B's nonce from 198.51.100.2 on A's LAN",
    ],
    [
      "with the payload from X instead",
      mapFlows("a", (flow) => (fromPeer(flow) ? { ...flow, src: endpoint(X, 7004) } : flow)),
      "no payload with B's nonce from 198.51.100.2 on A's LAN",
    ],
    [
      "with the payload on another connection than the agent's",
      mapFlows("a", (flow) => (fromPeer(flow) ? { ...flow, dst: endpoint(flow.dst.ip, 1) } : flow)),
      "no payload with B's nonce from 198.51.100.2 on A's LAN",
    ],
    [
      "with payload that only left",
      mapFlows("a", (flow) => (fromPeer(flow) ? { ...flow, direction: "out" } : flow)),
      "no payload with B's nonce from 198.51.100.2 on A's LAN",
    ],
    [
      "with less payload than was exchanged",
      mapFlows("a", (flow) => (fromPeer(flow) ? { ...flow, payloadBytes: 4096 } : flow)),
      "only 4096 payload bytes from 198.51.100.2 on A's LAN",
    ],
    [
      "with another session's hello",
      startingWith(foreignHello),
      "no payload with B's nonce from 198.51.100.2 on A's LAN",
    ],
    [
      "with a hello under another key",
      startingWith(withoutKey),
      "no payload with B's nonce from 198.51.100.2 on A's LAN",
    ],
    ["with A's own hello come back", startingWith(echoed), "no payload with B's nonce from 198.51.100.2 on A's LAN"],
    [
      "with payload at X's relay port",
      flowAtX({ src: endpoint("192.0.2.2", 5), dst: endpoint(X, 7004), payloadBytes: 1 }),
      "payload at X: 192.0.2.2:5 → 203.0.113.2:7004, 1 bytes",
    ],
    [
      "with payload routed through X",
      flowAtX({ src: endpoint("192.0.2.2", 5), dst: endpoint(NB_OUTSIDE, 7000), payloadBytes: 1 }),
      "payload at X: 192.0.2.2:5 → 198.51.100.2:7000, 1 bytes",
    ],
    [
      "with a relay disguised as signalling",
      flowAtX({ src: endpoint(X, 7000), dst: endpoint("192.0.2.2", 5), payloadBytes: 1 << 20 }),
      "payload at X: 203.0.113.2:7000 → 192.0.2.2:5, 1048576 bytes",
    ],
    [
      "without a capture at X",
      (whole) => {
        const { x: _x, ...captures } = whole.captures;
        return { ...whole, captures };
      },
      "no capture at X",
    ],
    ["without X's link having been cut", omit("afterCut"), "X's link was not cut"],
    [
      "without data during the cut",
      mapExchange("afterCut", "a", { receivedBytes: 0, error: "timeout" }),
      "data after X's link was cut: A received 0 of 65536 bytes (timeout)",
    ],
    [
      "with a wrong digest during the cut",
      mapExchange("afterCut", "b", { receivedSha256: "0".repeat(64) }),
      "data after X's link was cut: digest at B is wrong",
    ],
    ["where X heard something during the cut", heardByXDuringCut, "X still received packets while its link was cut"],
    [
      "with lost packets",
      mapCapture("r", (capture) => ({ ...capture, lost: 3 })),
      "3 packets missing from the capture of r",
    ],
    [
      "with a capture that missed a sentinel",
      mapCapture("nb", (capture) => ({ ...capture, sentinels: { sent: 2, seen: 1 } })),
      "the capture of nb saw 1 of 2 sentinels: it was not live, or not read to its end",
    ],
    ["with lost conntrack events", (whole) => ({ ...whole, eventsLost: true }), "conntrack events were lost"],
  ];

  it.each(FALSIFIED)("%s", (_, falsify, missing) => {
    const outcome = judge(cell, falsify(evidence));
    if (outcome.verdict === "direct") expect.unreachable("judged direct");
    const said = outcome.verdict === "unknown" ? outcome.missing : [outcome.why];
    expect(
      said.some((one) => one.startsWith(missing)),
      `${missing} is not among: ${said.join("; ")}`,
    ).toBe(true);
    expect(outcome.verdict).toBe("unknown");
    expect(outcome.why).toContain(said[0]);
  });

  it("where one agent gave up, though all else is there", () => {
    const failed = { ok: false, failure: "deadline", detail: "late" } as const;
    const outcome = judge(cell, { ...evidence, attempts: { ...evidence.attempts, b: failed } });
    expect(outcome.verdict).toBe("blocked");
  });
});
