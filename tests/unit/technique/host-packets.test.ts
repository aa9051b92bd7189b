import { describe, expect, it } from "vitest";
import type { Recorder, Tap } from "../../../agents/capture.ts";
import { forgeSynAck, sprayDatagrams } from "../../../agents/forge.ts";
import { floodDatagrams, watchHit, watchSyn } from "../../../agents/host-packets.ts";
import type { Ipv4, Port } from "../../../wire/address.ts";
import { SeenPacket } from "../../../agents/net/packet-socket.ts";
import { encodeIpv4, decodeIpv4, PROTOCOL } from "../../../wire/ipv4.ts";
import type { SynReport } from "../../../wire/rendezvous.ts";
import { decodeTcp, encodeTcp, TCP_FLAG, type TcpFields } from "../../../wire/tcp.ts";
import { valueOf } from "../../wire/codec.ts";

const A = "10.1.0.2" as Ipv4;
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
    watchSyn(recorder, { localPort: 5001, to: NB }, (syn) => seen.push(syn));
    pass("out", segment({}));
    pass("out", segment({ seq: 101 }));
    expect(seen).toEqual([{ isn: 100, window: 64_240, mss: 1460, windowScale: 10, sackPermitted: true, tsval: 7 }]);
    expect(watchers()).toBe(0);
  });

  it("leaves out options that the SYN did not carry", () => {
    const { recorder, pass } = line();
    const seen: SynReport[] = [];
    watchSyn(recorder, { localPort: 5001, to: NB }, (syn) => seen.push(syn));
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
    expect(hits).toEqual([{ localPort: 20_000, outsidePort: 33_333 }]);
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
