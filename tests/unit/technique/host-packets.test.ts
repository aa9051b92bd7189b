import { describe, expect, it } from "vitest";
import type { Recorder, Tap } from "../../../agents/capture.ts";
import { forgeSynAck, sprayDatagrams } from "../../../agents/forge.ts";
import { copyOfSyn, floodDatagrams, watchHit, watchSweep, watchSyn } from "../../../agents/host-packets.ts";
import type { Ipv4, Port } from "../../../wire/address.ts";
import { reportOf, watchRoutedSyns, type RoutedSyn } from "../../../agents/syn-report.ts";
import { SeenPacket } from "../../../agents/net/packet-socket.ts";
import { encodeIpv4, decodeIpv4, PROTOCOL } from "../../../wire/ipv4.ts";
import type { SynReport } from "../../../wire/rendezvous.ts";
import { decodeTcp, encodeTcp, TCP_FLAG, verifyTcpChecksum, type TcpFields } from "../../../wire/tcp.ts";
import { valueOf } from "../../wire/codec.ts";

const A = "10.1.0.2" as Ipv4;
const X = "203.0.113.2" as Ipv4;
const NB = { ip: "198.51.100.2" as Ipv4, port: 50_001 as Port };

/** The part of a recorder that the watchers use: they see what `pass` lets by. */
function line() {
  const taps = new Set<Tap>();
  const recorder = { tap: (tap: Tap) => (taps.add(tap), () => taps.delete(tap)) } as unknown as Recorder;
  const pass = (direction: "in" | "out", bytes: Uint8Array) => {
    // as the packet socket hands it over: somewhere in a bigger buffer
    const buffer = Uint8Array.of(...Buffer.from("before"), ...bytes, ...Buffer.from("behind"));
    const packet = Object.assign(new SeenPacket(new DataView(buffer.buffer)), { direction, start: 6 });
    for (const tap of taps) tap(Object.assign(packet, { captured: bytes.length, length: bytes.length }));
  };
  return { recorder, pass, watchers: () => taps.size };
}

function segment(change: Partial<TcpFields>, dst = NB.ip): Uint8Array {
  const addresses = { src: A, dst };
  const fields = { srcPort: 5001 as Port, dstPort: NB.port, seq: 100, ack: 0, flags: TCP_FLAG.syn, window: 64_240 };
  const options = [
    { kind: "mss", bytes: 1460 },
    { kind: "sackPermitted" },
    { kind: "timestamps", tsval: 7, tsecr: 0 },
    { kind: "nop" },
    { kind: "windowScale", shift: 10 },
  ] as const;
  const payload = encodeTcp({ ...fields, options, ...change }, addresses);
  return encodeIpv4({ ...addresses, ttl: 3, id: 1, protocol: PROTOCOL.tcp, payload });
}

describe("watching for the own SYN", () => {
  it("reports the first one with its options, and then stops", () => {
    const { recorder, pass, watchers } = line();
    const seen: SynReport[] = [];
    watchSyn(recorder, { localPort: 5001, to: NB }, (syn) => seen.push(reportOf(syn)));
    pass("out", segment({}));
    pass("out", segment({ seq: 101 }));
    expect(seen).toEqual([{ isn: 100, window: 64_240, mss: 1460, windowScale: 10, sackPermitted: true, tsval: 7 }]);
    expect(watchers()).toBe(0);
  });

  it("leaves out options that the SYN did not carry", () => {
    const { recorder, pass } = line();
    const seen: SynReport[] = [];
    watchSyn(recorder, { localPort: 5001, to: NB }, (syn) => seen.push(reportOf(syn)));
    pass("out", segment({ options: [] }));
    expect(seen).toEqual([{ isn: 100, window: 64_240, sackPermitted: false }]);
  });

  it.each([
    ["incoming", "in", segment({})],
    ["from another port", "out", segment({ srcPort: 5002 as Port })],
    ["to another port", "out", segment({ dstPort: 1 as Port })],
    ["to another address", "out", segment({}, "198.51.100.3" as Ipv4)],
    ["with an ACK", "out", segment({ flags: TCP_FLAG.syn | TCP_FLAG.ack })],
    ["without SYN", "out", segment({ flags: TCP_FLAG.ack })],
  ] as const)("passes over a segment %s", (_, direction, bytes) => {
    const { recorder, pass, watchers } = line();
    watchSyn(recorder, { localPort: 5001, to: NB }, () => expect.unreachable());
    pass(direction, bytes);
    expect(watchers()).toBe(1);
  });
});

/** The SYN as it leaves by way of X. */
function routedSegment({ via = X, pointer = 4, final = NB.ip, flags = TCP_FLAG.syn as number } = {}): Uint8Array {
  const { payload } = valueOf(decodeIpv4(segment({ flags }, final)));
  const options = [{ kind: "lsrr", pointer, route: [final] }, { kind: "end" }] as const;
  return encodeIpv4({ src: A, dst: via, ttl: 64, id: 1, protocol: PROTOCOL.tcp, options, payload });
}

describe("a SYN by way of X", () => {
  const REPORT = { isn: 100, window: 64_240, mss: 1460, windowScale: 10, sackPermitted: true, tsval: 7 };

  it("is the own one where its next hop is, not where its destination is", () => {
    const { recorder, pass, watchers } = line();
    watchSyn(recorder, { localPort: 5001, to: NB, via: X }, (syn) => expect(reportOf(syn)).toEqual(REPORT));
    pass("out", segment({}));
    expect(watchers()).toBe(1);
    pass("out", routedSegment());
    expect(watchers()).toBe(0);
  });

  it("is read with its final destination, its source and its options", () => {
    const { recorder, pass } = line();
    const seen: RoutedSyn[] = [];
    const stop = watchRoutedSyns(recorder, (syn) => seen.push(syn));
    pass("in", routedSegment());
    expect(seen).toEqual([{ from: { ip: A, port: 5001 }, to: NB, syn: REPORT }]);
    stop();
    pass("in", routedSegment());
    expect(seen).toHaveLength(1);
  });

  it.each([
    ["that leaves", "out", routedSegment()],
    ["without a route", "in", segment({})],
    ["whose route has been taken", "in", routedSegment({ pointer: 8 })],
    ["that is an ACK", "in", routedSegment({ flags: TCP_FLAG.ack })],
    ["that is a SYN+ACK", "in", routedSegment({ flags: TCP_FLAG.syn | TCP_FLAG.ack })],
    ["cut within its TCP header", "in", routedSegment().subarray(0, 40)],
  ] as const)("is none %s", (_, direction, bytes) => {
    const { recorder, pass } = line();
    watchRoutedSyns(recorder, () => expect.unreachable());
    pass(direction, bytes);
  });

  it("is copied straight: the same segment with a checksum of its own, no route, the low TTL", () => {
    const { recorder, pass } = line();
    const copies: Uint8Array[] = [];
    watchSyn(recorder, { localPort: 5001, to: NB, via: X }, (syn) =>
      copies.push(copyOfSyn(syn, { src: A, to: NB, ttl: 3 })),
    );
    const sniffed = routedSegment();
    sniffed[28 + 16]! ^= 0xff; // a captured SYN may lack its checksum
    pass("out", sniffed);
    const copy = valueOf(decodeIpv4(copies[0]!));
    expect(copy).toMatchObject({ src: A, dst: NB.ip, ttl: 3, options: [] });
    expect(verifyTcpChecksum(copy.payload, copy)).toBe(true);
    const { checksum: _, ...fields } = valueOf(decodeTcp(copy.payload));
    expect(fields).toMatchObject({ srcPort: 5001, dstPort: NB.port, seq: 100, flags: TCP_FLAG.syn, window: 64_240 });
    expect(reportOf(valueOf(decodeTcp(copy.payload)))).toEqual(REPORT);
  });
});

describe("a flood", () => {
  const ports = [10_240, 49_999, 20_000];
  const flood = { src: A, to: NB, ttl: 3, isn: 0xffffffff, ports };

  it("is one SYN from each port, all with one ISN and the low TTL", () => {
    const sent = [...floodDatagrams(flood)].map((bytes) => valueOf(decodeIpv4(bytes)));
    expect(sent.every(({ ttl, src, dst }) => ttl === 3 && src === A && dst === NB.ip)).toBe(true);
    const segments = sent.map(({ payload }) => valueOf(decodeTcp(payload)));
    expect(segments.map(({ srcPort }) => srcPort)).toEqual(ports);
    for (const one of segments) expect(one).toMatchObject({ seq: 0xffffffff, flags: TCP_FLAG.syn, dstPort: NB.port });
  });

  const answer = (isn: number, outside: number, inside: number) => {
    // NA translates the destination and leaves the payload alone
    const [datagram] = sprayDatagrams({ kind: "spray", from: NB, to: A, count: 1, isn }, [outside]);
    const bytes = Uint8Array.from(datagram!);
    new DataView(bytes.buffer).setUint16(22, inside);
    return bytes;
  };

  it("is hit by X's answer: its destination is the inside port, its payload the outside port", () => {
    const { recorder, pass, watchers } = line();
    const hits: unknown[] = [];
    watchHit(recorder, { from: NB, isn: flood.isn, ports: new Set(ports) }, (hit) => hits.push(hit));
    pass("in", answer(flood.isn, 33_333, 20_000));
    pass("in", answer(flood.isn, 44_444, 10_240));
    expect(hits).toEqual([{ localPort: 20_000, outsidePort: 33_333, ack: 0 }]);
    expect(watchers()).toBe(0);
  });

  it("is not hit by an answer to another ISN, at another port, or by the direct phase's SYN+ACK", () => {
    const { recorder, pass, watchers } = line();
    watchHit(recorder, { from: NB, isn: flood.isn, ports: new Set(ports) }, () => expect.unreachable());
    pass("in", answer(5, 33_333, 20_000));
    pass("in", answer(flood.isn, 33_333, 20_001));
    pass("out", answer(flood.isn, 33_333, 20_000));
    const syn = { isn: flood.isn, window: 1, sackPermitted: false };
    const to = { ip: A, port: 20_000 as Port };
    pass("in", forgeSynAck({ kind: "forge-syn-ack", from: NB, to, syn, of: syn }));
    expect(watchers()).toBe(1);
  });
});

describe("a sweep", () => {
  const sweep = { localPort: 5001, from: NB, isn: 100 };
  /** X's ACK to an outside port, as a NAT makes it one to an inside port. */
  const arriving = (ack: number, more: Partial<TcpFields> = {}): Uint8Array => {
    const addresses = { src: NB.ip, dst: A };
    const fields = { srcPort: NB.port, dstPort: 5001 as Port, seq: 9, ack, flags: TCP_FLAG.ack, window: 1, ...more };
    const payload = encodeTcp(fields, addresses);
    return encodeIpv4({ ...addresses, ttl: 60, id: 33_333, protocol: PROTOCOL.tcp, payload });
  };
  const seen = (more: { readonly shifted?: true }, packets: readonly Uint8Array[]): unknown[] => {
    const { recorder, pass } = line();
    const hits: unknown[] = [];
    watchSweep(recorder, { ...sweep, ...more }, (hit) => hits.push(hit));
    packets.forEach((packet) => pass("in", packet));
    return hits;
  };
  const OTHERS = [
    arriving(101, { flags: TCP_FLAG.ack | TCP_FLAG.rst }),
    arriving(101, { dstPort: 5002 as Port }),
    arriving(101, { srcPort: 50_002 as Port }),
    arriving(101, { payload: Uint8Array.of(1) }),
  ];

  it("is hit by the ACK that fits the SYN: its IP identification is the outside port", () => {
    const packets = [...OTHERS, arriving(7), arriving(101), arriving(101)];
    expect(seen({}, packets)).toEqual([{ localPort: 5001, outsidePort: 33_333, ack: 101 }]);
  });

  it("before a NAT that shifts sequence numbers is hit by an ACK for whatever number", () => {
    expect(seen({ shifted: true }, [...OTHERS, arriving(7), arriving(101)])).toEqual([
      { localPort: 5001, outsidePort: 33_333, ack: 7 },
    ]);
  });
});
