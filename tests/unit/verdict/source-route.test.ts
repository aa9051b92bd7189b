import { describe, expect, it } from "vitest";
import type { Evidence } from "../../../orchestrator/evidence/types.ts";
import { judge } from "../../../orchestrator/verdict/judge.ts";
import { sightingsOf, type Segment } from "../../../orchestrator/verdict/sightings.ts";
import { formatEndpoint } from "../../../wire/address.ts";
import type { AttemptResult } from "../../../wire/attempt.ts";
import { endpoint, mapCapture, mustBeBlocked, withoutSegments } from "./falsify.ts";
import { recorded, type Recording } from "./recorded/index.ts";

const [A, NA, X] = ["10.1.0.2", "192.0.2.2", "203.0.113.2"];
const LATE: AttemptResult = { ok: false, failure: "deadline", detail: "nothing decisive" };

async function blocked(name: Recording) {
  const { cell, evidence } = await recorded(name);
  return { cell, evidence, outcome: mustBeBlocked(judge(cell, evidence)) };
}

const routed = ({ segments }: { segments: readonly Segment[] }, node: Segment["node"]): readonly Segment[] =>
  segments.filter((one) => one.node === node && one.kind === "syn" && one.via !== undefined);

describe("a SYN with a source route", () => {
  it("is meant for the final destination, with X as its next hop", async () => {
    const { evidence } = await recorded("direct-source-routed");
    const [syn] = routed(sightingsOf(evidence), "a");
    expect(syn).toMatchObject({ direction: "out", via: X, dst: { ip: "198.51.100.2" }, ttl: 64 });
  });

  it("counts as sent to the peer: the connection that X forged for it is direct", async () => {
    const { cell, evidence } = await recorded("direct-source-routed");
    expect(judge(cell, evidence)).toMatchObject({ verdict: "direct", proof: { handshake: "forged" } });
  });
});

describe("source-route-refused", () => {
  it("names the NAT that forwarded none of the SYNs", async () => {
    const { outcome, evidence } = await blocked("source-route-refused");
    const [syn] = routed(sightingsOf(evidence), "b");
    expect(outcome).toMatchObject({
      cause: "source-route-refused",
      at: "nb",
      why: `NB forwarded none of B's SYNs to ${formatEndpoint(syn!.dst)} that were source-routed over ${X}`,
    });
  });

  it("names the core where both NATs let the SYNs pass", async () => {
    const { outcome } = await blocked("source-route-refused-by-core");
    expect(outcome).toMatchObject({ cause: "source-route-refused", at: "r" });
    expect(outcome.why).toMatch(/^R forwarded none of [AB]'s SYNs to \S+ that were source-routed over 203\.0\.113\.2$/);
  });

  it("is none where one of the SYNs came through", async () => {
    const { cell, evidence } = await recorded("direct-source-routed");
    const failed = { ...evidence, attempts: { a: LATE, b: LATE } };
    const nb = { kind: "nat" as const, name: "preserve", model: modelOf(cell.nb, "refuse") };
    expect(judge({ ...cell, nb }, failed)).not.toMatchObject({ cause: "source-route-refused" });
  });

  it("is none of a NAT that allows source routes and yet had no way out for the SYN", async () => {
    const { cell, evidence } = await recorded("source-route-refused");
    const nb = { kind: "nat" as const, name: "cramped", model: modelOf(cell.nb, "aware") };
    expect(judge({ ...cell, nb }, evidence)).toMatchObject({ cause: "port-exhausted", at: "nb" });
  });
});

describe("source-route-mistaken", () => {
  it("shows the address under which the SYN left the NAT", async () => {
    const { outcome, evidence } = await blocked("source-route-mistaken");
    const left = routed(sightingsOf(evidence), "na").find(({ direction }) => direction === "out")!;
    expect(left.src.ip).toBe(A);
    expect(outcome).toMatchObject({
      cause: "source-route-mistaken",
      at: "na",
      why: `A's SYN to ${formatEndpoint(left.dst)}, source-routed over ${X}, left NA untranslated, from ${formatEndpoint(left.src)}: for its next hop the TCP checksum is wrong`,
    });
  });

  it("shows the mapping for X that a NAT opened which looks at no checksum", async () => {
    const { cell, evidence } = await recorded("source-route-mistaken");
    const left = routed(sightingsOf(evidence), "na").find(({ direction }) => direction === "out")!;
    const outcome = mustBeBlocked(judge(cell, unchecked(evidence, left)));
    expect(outcome).toMatchObject({ cause: "source-route-mistaken", at: "na" });
    expect(outcome.why).toBe(
      `A's SYN to ${formatEndpoint(left.dst)}, source-routed over ${X}, made NA open ${NA}:${left.src.port} for ${X}:${left.dst.port}, its next hop, and not for the peer`,
    );
  });

  it("counts though a copy opened the right mapping, where X could not read the port and B never sent", async () => {
    const { cell, outcome, evidence } = await blocked("source-route-port-unread");
    expect(evidence.events.na.some(({ original }) => original.src.ip === A && original.dst.ip === "198.51.100.2")).toBe(
      true,
    );
    expect(outcome).toMatchObject({ cause: "source-route-mistaken", at: "na" });
    const direct = await recorded("direct-source-routed");
    const both = { ...evidence, captures: { ...evidence.captures, b: direct.evidence.captures.b! } };
    expect(judge(cell, both)).not.toMatchObject({ cause: "source-route-mistaken" });
  });

  it("is none without the SYN that left", async () => {
    const { cell, evidence } = await recorded("source-route-mistaken");
    const nothing = withoutSegments(({ node, via }) => node === "na" && via !== undefined)(evidence);
    expect(judge(cell, nothing)).not.toMatchObject({ cause: "source-route-mistaken" });
  });
});

type Gateway = Awaited<ReturnType<typeof recorded>>["cell"]["nb"];

function modelOf(gateway: Gateway, sourceRoute: "refuse" | "aware") {
  if (gateway.kind !== "nat") throw new Error("a NAT is needed");
  return { ...gateway.model, sourceRoute };
}

/** What the same NAT would have done with nf_conntrack_checksum=0: translate the SYN, and note X as its destination. */
function unchecked(evidence: Evidence, left: Segment): Evidence {
  const address = Buffer.from(A!.split(".").map(Number));
  const outside = NA!.split(".").map(Number);
  const translated = mapCapture("na", (capture) => ({
    ...capture,
    packets: capture.packets.map((packet) => {
      const bytes = Uint8Array.from(packet.bytes);
      const leaves = packet.direction === "out" && Buffer.from(bytes.subarray(12, 16)).equals(address);
      if (leaves) bytes.set(outside, 12);
      return { ...packet, bytes };
    }),
  }))(evidence);
  const flow = { src: endpoint(A!, left.src.port), dst: endpoint(X!, left.dst.port) };
  const record = {
    event: "new" as const,
    atUs: left.atUs,
    id: 1,
    protocol: 6,
    original: flow,
    reply: { src: flow.dst, dst: endpoint(NA!, left.src.port) },
    state: "SYN_SENT",
    assured: false,
  };
  return { ...translated, events: { ...translated.events, na: [...translated.events.na, record] } };
}
