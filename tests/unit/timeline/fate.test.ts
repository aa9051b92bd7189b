import { describe, expect, it } from "vitest";
import type { Evidence } from "../../../orchestrator/evidence/types.ts";
import { layersOf } from "../../../orchestrator/plan/shape.ts";
import { flagsText, type Packet } from "../../../orchestrator/timeline/packet.ts";
import { timelineOf, type PacketRow } from "../../../orchestrator/timeline/timeline.ts";
import type { Ipv4 } from "../../../wire/address.ts";
import type { NodeId } from "../../../wire/control.ts";
import { KEPT_PER_FAN } from "../../../wire/evidence.ts";
import { mapCapture } from "../verdict/falsify.ts";
import { recorded, RECORDINGS, type Recording } from "../verdict/recorded/index.ts";

async function rowsOf(name: Recording, change: (evidence: Evidence) => Evidence = (evidence) => evidence) {
  const { cell, evidence } = await recorded(name);
  const { rows } = timelineOf(change(evidence), layersOf(cell));
  return rows.filter((row) => row.kind === "packet");
}

const nameOf = (packet: Packet): string => (packet.kind === "tcp" ? flagsText(packet.flags) : packet.kind);

/** Packets of a kind that a node sent, X's own conversations left out. */
const sent = (rows: readonly PacketRow[], from: NodeId, what: string): PacketRow[] =>
  rows.filter(({ sightings: [{ node, packet }] }) => node === from && nameOf(packet) === what && !isWithX(packet));

const isWithX = (packet: Packet): boolean =>
  packet.kind !== "malformed" && [packet.src, packet.dst].some((ip) => ip === "203.0.113.2");

describe("what a packet died of", () => {
  it.each<[Recording, NodeId, string, NodeId, string, RegExp]>([
    ["reset-by-nat", "a", "SYN", "nb", "reset", /^NB answered with RST \d+\.\d ms later$/],
    ["reset-by-carrier", "a", "SYN", "cb", "reset", /^CB answered with RST/],
    ["filtered", "a", "SYN", "nb", "filter", /^NB had no mapping at 198\.51\.100\.2:\d+; unsolicitedSyn=drop$/],
    [
      "filtered-without-hairpin",
      "a",
      "SYN",
      "c",
      "filter",
      /^C had 192\.0\.2\.2:\d+ open towards .*X?.*; hairpin=false$/,
    ],
    ["filtered-in-turn", "b", "SYN", "na", "filter", /crossingSyn=refuse$/],
    ["icmp-killed-connect", "a", "SYN", "r", "ttl", /^R answered with ICMP time-exceeded \d+\.\d ms later$/],
    ["direct-carriers", "a", "SYN", "r", "ttl", /^its TTL, 1 at R, ended there; no ICMP time-exceeded of R was seen$/],
    ["out-of-state-drop", "a", "ACK", "na", "out-of-state", /^NA kept this connection.*; outOfState=drop$/],
    ["source-route-refused", "b", "SYN", "nb", "source-route", /^NB forwarded no packet with a source route$/],
    ["source-route-refused-by-core", "a", "SYN", "r", "source-route", /^R forwarded no packet/],
    ["no-collision", "x", "SYN+ACK", "na", "filter", /^NA had no mapping at 192\.0\.2\.2:\d+$/],
    ["mapping-mispredicted", "x", "SYN+ACK", "nb", "filter", /^NB had 198\.51\.100\.2:\d+ open towards 203\.0\.113\.2/],
  ])("%s: %s's %s at %s, %s", async (name, from, what, at, by, why) => {
    const packets = sent(await rowsOf(name), from, what).filter(({ fate }) => fate.kind === "died");
    expect(packets.length).toBeGreaterThan(0);
    for (const { fate } of packets)
      expect(fate).toMatchObject({ kind: "died", at, by, why: expect.stringMatching(why) as string });
  });

  it("a SYN for which the NAT had no port left", async () => {
    const stuck = (await rowsOf("port-exhausted")).filter(
      ({ fate }) => fate.kind === "died" && fate.by === "no-mapping",
    );
    expect(stuck.length).toBeGreaterThan(0);
    for (const { sightings, fate } of stuck) {
      expect(sightings.map(({ node, iface }) => `${node}:${iface}`)).toEqual(["a:lan", "na:in"]);
      expect(fate).toMatchObject({ at: "na", why: "NA opened no mapping for it: no outside port or session was free" });
    }
  });

  it("a SYN that came before the mapping: it says how much later that was opened", async () => {
    const [syn] = sent(await rowsOf("direct-crossed"), "a", "SYN").filter(({ fate }) => fate.kind === "died");
    expect(syn!.fate).toMatchObject({
      by: "filter",
      why: expect.stringMatching(/; one was opened \d+\.\d ms later;/) as string,
    });
  });

  it("a SYN of a search that met one, though the mapping that it met was only counted", async () => {
    const died = (await rowsOf("blind-refused")).flatMap(({ fate }) => (fate.kind === "died" ? [fate.why] : []));
    const counted = died.filter((why) => !why.includes("kept this connection")); // of the other mappings the events were kept
    expect(counted.length).toBeGreaterThan(0);
    for (const why of counted)
      expect(why).toMatch(
        /^N[AB] let the host's own SYN out \d+\.\d ms before, and lets no SYN in after it; crossingSyn=refuse$/,
      );
  });

  it("an ICMP error that the NAT keeps from the host", async () => {
    const errors = (await rowsOf("direct-forged")).filter(
      ({ sightings: [{ packet, node }] }) => packet.kind === "icmp" && node === "r",
    );
    expect(errors.length).toBeGreaterThan(0);
    for (const { fate } of errors)
      expect(fate).toMatchObject({
        kind: "died",
        by: "filter",
        why: expect.stringContaining("timeExceeded=drop") as string,
      });
  });

  it.each(RECORDINGS)(
    "%s: nothing is undecided but bulk data, what a stateless NAT does, and what was on its way at the end",
    async (name) => {
      const whys = (await rowsOf(name)).flatMap(({ fate }) => (fate.kind === "unknown" ? [fate.why] : []));
      const known = /^bulk data|when the capture ended$/;
      const stateless = name === "direct-stateless" ? /its conntrack tells nothing$/ : known;
      // of thousands of mappings most are counted
      const counted = name === "blind-refused" ? /events of the NATs' conntrack were counted and not kept$/ : known;
      expect(whys.filter((why) => ![known, stateless, counted].some((one) => one.test(why)))).toEqual([]);
    },
  );
});

describe("where evidence is missing, a packet did not die", () => {
  const deaths = (rows: readonly PacketRow[]) => sent(rows, "a", "SYN").map(({ fate }) => fate);

  it("when the next node has no capture", async () => {
    const without = ({ captures, ...rest }: Evidence): Evidence => {
      const others = Object.entries(captures).filter(([node]) => node !== "nb");
      return { ...rest, captures: Object.fromEntries(others) as Evidence["captures"] };
    };
    for (const fate of deaths(await rowsOf("filtered", without)))
      expect(fate).toEqual({ kind: "unknown", at: "r", why: "there is no capture of NB" });
  });

  it("when packets are missing from its capture", async () => {
    const lossy = mapCapture("nb", (capture) => ({ ...capture, lost: 3 }));
    for (const fate of deaths(await rowsOf("filtered", lossy)))
      expect(fate).toEqual({ kind: "unknown", at: "nb", why: "3 packets are missing from the capture of NB" });
  });

  it("when its capture was not live", async () => {
    const dead = mapCapture("nb", (capture) => ({ ...capture, sentinels: { sent: 2, seen: 0 } }));
    for (const fate of deaths(await rowsOf("filtered", dead)))
      expect(fate).toMatchObject({
        kind: "unknown",
        why: expect.stringMatching(/^the capture of NB missed 2/) as string,
      });
  });

  it("when the NAT's conntrack was not heard", async () => {
    const deaf = (evidence: Evidence): Evidence => ({ ...evidence, events: { ...evidence.events, nb: [] } });
    for (const fate of deaths(await rowsOf("filtered", deaf)))
      expect(fate).toMatchObject({
        kind: "unknown",
        at: "nb",
        why: expect.stringContaining("conntrack tells nothing") as string,
      });
  });

  it("when events of conntrack were counted and not kept", async () => {
    const counted = (evidence: Evidence): Evidence => ({ ...evidence, eventsBeyond: 7 });
    for (const fate of deaths(await rowsOf("filtered", counted)))
      expect(fate).toMatchObject({ kind: "unknown", at: "nb", why: expect.stringContaining("7 events") as string });
  });

  it("when the next node counted packets like it, and kept no more of them", async () => {
    const packets = KEPT_PER_FAN + 1;
    const [src, dst] = ["10.1.0.2", "198.51.100.2"] as Ipv4[];
    const fan = {
      iface: "in",
      direction: "in" as const,
      src: src!,
      dst: dst!,
      protocol: 6,
      kind: 2,
      packets,
      firstAtUs: 0,
      lastAtUs: 1,
    };
    const fanned = mapCapture("na", (capture) => ({
      ...capture,
      fans: [fan],
      packets: capture.packets.filter(({ bytes }) => bytes[33] !== 2 || bytes[16] !== 198),
    }));
    const [begun] = deaths(await rowsOf("filtered", fanned));
    expect(begun).toMatchObject({
      kind: "unknown",
      at: "a",
      why: expect.stringMatching(/NA keeps 1024 and counts/) as string,
    });
  });

  it("but a RST answers for itself, whatever else is missing", async () => {
    const lossy = mapCapture("nb", (capture) => ({ ...capture, lost: 3 }));
    expect(deaths(await rowsOf("reset-by-nat", lossy))).toMatchObject([{ kind: "died", at: "nb", by: "reset" }]);
  });
});

describe("the core", () => {
  /** The SYN+ACKs that X forged are gone behind R, and R's agent was told this core. */
  const lostAtR =
    (core: object) =>
    (evidence: Evidence): Evidence => {
      const forged = (bytes: Uint8Array) =>
        bytes[9] === 6 && bytes[33] === 0x12 && (bytes[12] === 192 || bytes[12] === 198);
      const captures = Object.entries(evidence.captures).map(([node, capture]) => [
        node,
        {
          ...capture,
          packets: capture.packets.filter(
            ({ bytes, iface }) =>
              !forged(bytes) || node === "x" || (node === "r" && capture.interfaces[iface] === "wan-x"),
          ),
        },
      ]);
      const log = { event: "log" as const, node: "r" as const, atUs: evidence.startedAtUs, what: "core", detail: core };
      return {
        ...evidence,
        captures: Object.fromEntries(captures) as Evidence["captures"],
        logs: [log, ...evidence.logs],
      };
    };
  const plain = { icmp: "on", sourceRoute: "refuse", antiSpoofing: false, delayMs: 0, lossPercent: 0, extraHops: 0 };

  it.each([
    ["checks sources", { ...plain, antiSpoofing: true }, { kind: "died", by: "anti-spoofing", at: "r" }],
    ["loses packets", { ...plain, lossPercent: 20 }, { kind: "died", by: "core-loss", at: "r" }],
    ["does neither", plain, { kind: "unknown", at: "r" }],
  ])("that %s", async (_, core, fate) => {
    const forged = sent(await rowsOf("direct-forged", lostAtR(core)), "x", "SYN+ACK");
    expect(forged.length).toBeGreaterThan(0);
    for (const row of forged) expect(row.fate).toMatchObject(fate);
  });

  it("that routes nothing to what stands behind NATs", async () => {
    const inwards = (evidence: Evidence): Evidence => {
      const aimed = (bytes: Uint8Array) =>
        bytes[33] === 0x12 && bytes[12] !== 203
          ? Uint8Array.of(...bytes.subarray(0, 16), 10, 1, 0, 2, ...bytes.subarray(20))
          : bytes;
      const captures = Object.entries(lostAtR(plain)(evidence).captures).map(([node, capture]) => [
        node,
        { ...capture, packets: capture.packets.map((one) => ({ ...one, bytes: aimed(one.bytes) })) },
      ]);
      return { ...evidence, captures: Object.fromEntries(captures) as Evidence["captures"] };
    };
    for (const { fate } of sent(await rowsOf("direct-forged", inwards), "x", "SYN+ACK").filter(
      ({ sightings }) => sightings.length > 1,
    ))
      expect(fate).toMatchObject({
        kind: "died",
        by: "no-route",
        at: "r",
        why: expect.stringMatching(/^R routes nothing to 10\.1\.0\.2/) as string,
      });
  });

  it("that cuts X's link", async () => {
    const cut = (evidence: Evidence): Evidence => {
      const fromUs = evidence.startedAtUs;
      return { ...lostAtR(plain)(evidence), afterCut: { ...evidence.afterCut!, fromUs, toUs: fromUs + 60e6 } };
    };
    for (const { fate } of sent(await rowsOf("direct-forged", cut), "x", "SYN+ACK"))
      expect(fate).toMatchObject({ kind: "died", by: "x-cut", at: "r" });
  });
});
