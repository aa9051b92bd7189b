import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forgeSynAck, sprayDatagrams } from "../../../agents/forge.ts";
import type { Ipv4, Port } from "../../../wire/address.ts";
import { internetChecksum, sumPseudoHeader } from "../../../wire/checksum.ts";
import { decodeIpv4, PROTOCOL } from "../../../wire/ipv4.ts";
import type { SynReport } from "../../../wire/rendezvous.ts";
import type { TcpOption } from "../../../wire/tcp-options.ts";
import { decodeTcp, TCP_FLAG } from "../../../wire/tcp.ts";
import { endpoints, u16s, u32s } from "../../wire/arbitrary.ts";
import { valueOf } from "../../wire/codec.ts";

const syns: fc.Arbitrary<SynReport> = fc.record(
  { isn: u32s, window: u16s, sackPermitted: fc.boolean(), mss: u16s, windowScale: fc.nat(14), tsval: u32s },
  { requiredKeys: ["isn", "window", "sackPermitted"] },
);

/** A datagram taken apart by the codecs, with both checksums verified. */
function read(datagram: Uint8Array) {
  const packet = valueOf(decodeIpv4(datagram));
  const { payload } = packet;
  expect(internetChecksum(datagram.subarray(0, 20))).toBe(0);
  expect(internetChecksum(payload, sumPseudoHeader(packet, PROTOCOL.tcp, payload.length))).toBe(0);
  return { packet, segment: valueOf(decodeTcp(payload)) };
}
const optionOf = <K extends TcpOption["kind"]>(options: readonly TcpOption[], kind: K) =>
  options.find((option): option is Extract<TcpOption, { kind: K }> => option.kind === kind);

describe("the SYN+ACK that X forges", () => {
  it("goes from the peer to the SYN's sender with both checksums right, at full TTL and without payload", () => {
    fc.assert(
      fc.property(endpoints, endpoints, syns, syns, (from, to, syn, of) => {
        const { packet, segment } = read(forgeSynAck({ kind: "forge-syn-ack", from, to, syn, of }));
        expect(packet).toMatchObject({ src: from.ip, dst: to.ip, ttl: 64, protocol: PROTOCOL.tcp });
        expect(segment).toMatchObject({ srcPort: from.port, dstPort: to.port, flags: TCP_FLAG.syn | TCP_FLAG.ack });
        expect(segment.payload).toHaveLength(0);
      }),
    );
  });

  it("has the peer's ISN and window, acknowledges the SYN, and wraps around at 2^32", () => {
    const answer = (isn: number) => {
      const syn = { isn, window: 1, sackPermitted: false };
      const of = { isn: 4_000_000_000, window: 29_200, sackPermitted: false };
      const [from, to] = [
        { ip: "192.0.2.2" as Ipv4, port: 1 as Port },
        { ip: "198.51.100.2" as Ipv4, port: 2 as Port },
      ];
      return read(forgeSynAck({ kind: "forge-syn-ack", from, to, syn, of })).segment;
    };
    expect(answer(41)).toMatchObject({ seq: 4_000_000_000, ack: 42, window: 29_200 });
    expect(answer(0xffffffff).ack).toBe(0);
  });

  it("carries the peer's MSS always, and the other options only where both SYNs offered them", () => {
    fc.assert(
      fc.property(endpoints, endpoints, syns, syns, (from, to, syn, of) => {
        const { options } = read(forgeSynAck({ kind: "forge-syn-ack", from, to, syn, of })).segment;
        expect(optionOf(options, "mss")?.bytes).toBe(of.mss);
        const both = (key: "windowScale" | "tsval") => syn[key] !== undefined && of[key] !== undefined;
        expect(optionOf(options, "windowScale")?.shift).toBe(both("windowScale") ? of.windowScale : undefined);
        expect(optionOf(options, "timestamps")).toEqual(
          both("tsval") ? { kind: "timestamps", tsval: of.tsval, tsecr: syn.tsval } : undefined,
        );
        expect(optionOf(options, "sackPermitted") !== undefined).toBe(syn.sackPermitted && of.sackPermitted);
        expect(options.some(({ kind }) => kind === "unknown" || kind === "malformed")).toBe(false);
      }),
    );
  });

  it("lays its options out as a Linux kernel does", () => {
    const syn = { isn: 1, window: 1, mss: 1460, windowScale: 10, sackPermitted: true, tsval: 7 };
    const [from, to] = [
      { ip: "192.0.2.2" as Ipv4, port: 1 as Port },
      { ip: "198.51.100.2" as Ipv4, port: 2 as Port },
    ];
    const forged = forgeSynAck({
      kind: "forge-syn-ack",
      from,
      to,
      syn,
      of: { ...syn, mss: 1400, windowScale: 7, tsval: 9 },
    });
    expect(Buffer.from(forged.subarray(40)).toString("hex")).toBe(
      "02040578" + "0402" + "080a0000000900000007" + "01" + "030307",
    );
  });
});

describe("the birthday's SYN+ACKs", () => {
  const spray = {
    kind: "spray",
    from: { ip: "198.51.100.2" as Ipv4, port: 50_001 as Port },
    to: "192.0.2.2",
    isn: 0xffffffff,
  } as const;

  it("each carry the port they go to, acknowledge the shared ISN, and have right checksums", () => {
    const ports = [1024, 255, 256, 65_535];
    const datagrams = [...sprayDatagrams({ ...spray, count: ports.length }, ports)].map(read);
    expect(datagrams.map(({ segment }) => segment.dstPort)).toEqual(ports);
    for (const { packet, segment } of datagrams) {
      expect(packet).toMatchObject({ src: "198.51.100.2", dst: "192.0.2.2", ttl: 64 });
      expect(segment).toMatchObject({ srcPort: 50_001, ack: 0, flags: TCP_FLAG.syn | TCP_FLAG.ack });
      const [high = 0, low = 0] = segment.payload;
      expect(segment.payload).toHaveLength(2);
      expect(high * 256 + low).toBe(segment.dstPort);
    }
  });
});
