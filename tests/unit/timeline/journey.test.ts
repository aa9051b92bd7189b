import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Capture } from "../../../orchestrator/evidence/types.ts";
import { isWhole, journeysOf } from "../../../orchestrator/timeline/journey.ts";
import { wayOf } from "../../../orchestrator/timeline/packet.ts";
import type { TrialRecord } from "../../../orchestrator/timeline/record.ts";
import { rewritesOf } from "../../../orchestrator/timeline/rewrite.ts";
import { TCP_FLAG } from "../../../wire/tcp.ts";
import { recorded, RECORDINGS } from "../verdict/recorded/index.ts";

/** What each interface captured, in its order, by time. */
function captured({ captures }: TrialRecord): Record<string, number[]> {
  const times: Record<string, number[]> = {};
  for (const [node, { interfaces, packets }] of Object.entries(captures))
    for (const { iface, atUs } of packets) (times[`${node}:${interfaces[iface] ?? `?${iface}`}`] ??= []).push(atUs);
  return times;
}

/** Every sighting of every journey by interface, first-seen packets in the journeys' order. */
function sighted(record: TrialRecord): Record<string, number[]> {
  const times: Record<string, number[]> = {};
  for (const { sightings } of journeysOf(record))
    for (const { node, iface, atUs } of sightings) (times[`${node}:${iface}`] ??= []).push(atUs);
  return times;
}

const sorted = (times: Record<string, number[]>) =>
  Object.fromEntries(Object.entries(times).map(([place, all]) => [place, all.toSorted((p, q) => p - q)]));

/** Captures with packets taken out, put elsewhere, cut and spoiled. */
function spoiled({ captures, ...rest }: TrialRecord, draws: readonly number[]): TrialRecord {
  let at = 0;
  const draw = (below: number): number => draws[at++ % draws.length]! % below;
  const change = (capture: Capture): Capture => ({
    ...capture,
    packets: capture.packets.flatMap((packet) => {
      switch (draw(8)) {
        case 0:
          return [];
        case 1:
          return [{ ...packet, bytes: packet.bytes.subarray(0, draw(packet.bytes.length + 1)) }];
        case 2:
          return [{ ...packet, bytes: packet.bytes.map((byte, index) => (index === draw(60) ? draw(256) : byte)) }];
        case 3:
          return [{ ...packet, iface: draw(6) }, packet];
        case 4:
          return [{ ...packet, atUs: packet.atUs - draw(100_000) }];
        case 5:
          return [{ ...packet, direction: "in" as const }];
        default:
          return [packet];
      }
    }),
  });
  return { ...rest, captures: Object.fromEntries(Object.entries(captures).map(([node, one]) => [node, change(one)])) };
}

describe("a packet's journey", () => {
  it.each(RECORDINGS)("holds every packet of %s exactly once", async (name) => {
    const { evidence } = await recorded(name);
    expect(sorted(sighted(evidence))).toEqual(sorted(captured(evidence)));
  });

  it.each(RECORDINGS)("leads on in time, and packets of one sender stay in its order: %s", async (name) => {
    const { evidence } = await recorded(name);
    const journeys = journeysOf(evidence);
    for (const { sightings } of journeys) expect(sightings).toEqual(sightings.toSorted((p, q) => p.atUs - q.atUs));
    const begun: Record<string, number[]> = {};
    for (const { sightings } of journeys)
      (begun[`${sightings[0].node}:${sightings[0].iface}`] ??= []).push(sightings[0].atUs);
    expect(begun).toEqual(sorted(begun));
  });

  it("is put together of spoiled captures too: every packet once, nothing thrown", async () => {
    const { evidence } = await recorded("reset-by-nat");
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 50, maxLength: 400 }), (draws) => {
        const record = spoiled(evidence, draws);
        expect(sorted(sighted(record))).toEqual(sorted(captured(record)));
      }),
      { numRuns: 60 },
    );
  });

  it("shows one SYN at every interface between two hosts, and what each NAT made of it", async () => {
    const { evidence } = await recorded("direct-carriers");
    const syns = journeysOf(evidence).filter(
      ({ sightings: [{ node, packet }] }) =>
        node === "x" &&
        packet.kind === "tcp" &&
        packet.flags === (TCP_FLAG.syn | TCP_FLAG.ack) &&
        packet.src !== "203.0.113.2",
    );
    expect(syns.length).toBeGreaterThanOrEqual(2);
    const towardsA = syns.find(({ sightings }) => sightings.at(-1)!.node === "a")!;
    expect(towardsA.sightings.map(({ node, iface, direction }) => `${node}:${iface} ${direction}`)).toEqual([
      "x:wan out",
      "r:wan-x in",
      "r:wan-a out",
      "ca:out in",
      "ca:in out",
      "na:out in",
      "na:in out",
      "a:lan in",
    ]);
    const changes = rewritesOf(towardsA).map(({ at, field }) => `${at} ${field}`);
    expect(changes).toEqual(["r ttl", "ca dst", "ca ttl", "na dst", "na ttl"]);
    expect(towardsA.sightings.map(({ packet }) => (packet.kind === "malformed" ? 0 : packet.ttl))).toEqual([
      64, 64, 63, 63, 62, 62, 61, 61,
    ]);
  });

  it("crosses a NAT that shifts sequence numbers, and says so", async () => {
    const { evidence } = await recorded("direct-forged");
    const flip = (bytes: Uint8Array): Uint8Array => {
      const copy = bytes.slice();
      copy[24] = copy[24]! ^ 0x80; // top bit of the sequence number behind an IPv4 header without options
      return copy;
    };
    const na = evidence.captures.na!;
    const out = na.interfaces.indexOf("out");
    const beyond = (capture: Capture | undefined, from: (iface: string) => boolean): Capture => ({
      ...capture!,
      packets: capture!.packets.map((one) => {
        const outward = one.bytes[9] === 6 && one.bytes[12] === 192 && one.bytes[0] === 0x45; // TCP from NA's outside
        return outward && from(capture!.interfaces[one.iface]!) ? { ...one, bytes: flip(one.bytes) } : one;
      }),
    });
    const record: TrialRecord = {
      ...evidence,
      captures: {
        ...evidence.captures,
        na: beyond(na, (iface) => iface === na.interfaces[out]),
        r: beyond(evidence.captures.r, () => true),
      },
    };
    const syn = journeysOf(record).find(
      ({ sightings: [{ node, packet }] }) => node === "a" && packet.kind === "tcp" && packet.to.ip === "198.51.100.2",
    )!;
    expect(syn.sightings.map(({ node }) => node)).toContain("r");
    const [{ packet }] = syn.sightings;
    const shift = rewritesOf(syn).find(({ field }) => field === "seq")!;
    expect(shift.at).toBe("na");
    expect(packet.kind === "tcp" && (packet.seq + 2 ** 31) % 2 ** 32).toBe(Number(shift.to));
  });

  it("goes on for bulk data of which one interface kept less than another, from where it was seen first", async () => {
    const { evidence } = await recorded("direct-forged");
    const broken = journeysOf(evidence).filter((journey) => !isWhole(journey));
    expect(broken.length).toBeGreaterThan(0);
    for (const { sightings } of broken) expect(sightings[0].packet).toMatchObject({ kind: "tcp" });
  });

  it("tells a segment that is sent again from one that is held up", async () => {
    const { evidence } = await recorded("filtered");
    const syns = journeysOf(evidence).filter(
      ({ sightings: [{ node, packet }] }) => node === "a" && packet.kind === "tcp" && packet.to.ip === "198.51.100.2",
    );
    expect(syns).toHaveLength(2);
    expect(new Set(syns.map(({ sightings: [{ packet }] }) => packet.kind === "tcp" && wayOf(packet))).size).toBe(1);
    for (const { sightings } of syns)
      expect(sightings.at(-1)).toMatchObject({ node: "nb", iface: "out", direction: "in" });
  });
});
