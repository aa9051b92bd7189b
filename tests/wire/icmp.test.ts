import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ipv4, port } from "../../wire/address.ts";
import {
  decodeIcmp,
  encodeIcmpError,
  tcpErrorOf,
  TIME_EXCEEDED,
  UNREACHABLE,
  verifyIcmpChecksum,
  type IcmpErrorFields,
} from "../../wire/icmp.ts";
import { decodeIpv4, encodeIpv4, PROTOCOL } from "../../wire/ipv4.ts";
import { encodeTcp, TCP_FLAG } from "../../wire/tcp.ts";
import { bytes, u32s, u8s } from "./arbitrary.ts";
import { checkCodec, errorOf, hex, valueOf } from "./codec.ts";

checkCodec<Required<IcmpErrorFields>>("ICMP", {
  values: fc.record({
    kind: fc.constantFrom("time-exceeded", "destination-unreachable"),
    code: u8s,
    rest: u32s,
    quoted: bytes(100),
  }),
  lengthOf: ({ quoted }) => 8 + quoted.length,
  encode: encodeIcmpError,
  decode: (message) => {
    const read = decodeIcmp(message);
    if (!read.ok) return read;
    if (read.value.kind === "other") return { ok: false, error: `type ${read.value.type}` };
    const { kind, code, rest, quoted } = read.value;
    return { ok: true, value: { kind, code, rest, quoted } };
  },
});

const addresses = { src: ipv4("10.0.1.2"), dst: ipv4("192.0.2.7") };
const syn = encodeTcp(
  {
    srcPort: port(40001),
    dstPort: port(50002),
    seq: 0xdeadbeef,
    ack: 0,
    flags: TCP_FLAG.syn,
    window: 1,
    options: [{ kind: "mss", bytes: 1460 }],
  },
  addresses,
);
const original = encodeIpv4({ ...addresses, ttl: 1, id: 77, protocol: PROTOCOL.tcp, payload: syn });

describe("an ICMP error", () => {
  it("has the layout of RFC 792 and a checksum that holds", () => {
    const message = encodeIcmpError({ kind: "time-exceeded", code: TIME_EXCEEDED.transit, quoted: hex("aabb") });
    expect(message).toEqual(hex("0b00 4a44 0000 0000 aabb"));
    expect(verifyIcmpChecksum(message)).toBe(true);
    message[1] = 1;
    expect(verifyIcmpChecksum(message)).toBe(false);
  });

  it("tells of the packet that caused it, with ports and sequence number from 8 bytes of TCP", () => {
    const message = encodeIcmpError({
      kind: "time-exceeded",
      code: TIME_EXCEEDED.transit,
      quoted: original.subarray(0, 28),
    });
    expect(valueOf(decodeIcmp(message))).toMatchObject({
      kind: "time-exceeded",
      code: 0,
      original: {
        ok: true,
        value: {
          ...addresses,
          protocol: PROTOCOL.tcp,
          ttl: 1,
          id: 77,
          totalLength: original.length,
          transport: { kind: "tcp", srcPort: 40001, dstPort: 50002, seq: 0xdeadbeef },
        },
      },
    });
  });

  it("about a TCP segment tells its endpoints; about anything else, or as no ICMP, it tells nothing", () => {
    const quoted = original.subarray(0, 28);
    const packetOf = (payload: Uint8Array, protocol: number = PROTOCOL.icmp) =>
      valueOf(
        decodeIpv4(encodeIpv4({ src: ipv4("192.0.2.1"), dst: addresses.src, ttl: 64, id: 0, protocol, payload })),
      );
    const unreachable = encodeIcmpError({ kind: "destination-unreachable", code: UNREACHABLE.port, quoted });
    expect(tcpErrorOf(packetOf(unreachable))).toEqual({
      kind: "destination-unreachable",
      type: 3,
      code: 3,
      src: { ip: "10.0.1.2", port: 40001 },
      dst: { ip: "192.0.2.7", port: 50002 },
    });
    expect(tcpErrorOf(packetOf(unreachable, PROTOCOL.udp))).toBeUndefined();
    expect(tcpErrorOf(packetOf(hex("0000 ffff 0000 0000")))).toBeUndefined();
    const ofUdp = encodeIpv4({ ...addresses, ttl: 1, id: 1, protocol: PROTOCOL.udp, payload: new Uint8Array(8) });
    const exceeded = encodeIcmpError({ kind: "time-exceeded", code: TIME_EXCEEDED.transit, quoted: ofUdp });
    expect(tcpErrorOf(packetOf(exceeded))).toBeUndefined();
    const cut = encodeIcmpError({ kind: "time-exceeded", code: TIME_EXCEEDED.transit, quoted: quoted.subarray(0, 24) });
    expect(tcpErrorOf(packetOf(cut))).toBeUndefined();
  });

  it("tells no ports of a quote that ends before them, nor of a later fragment", () => {
    const short = encodeIcmpError({
      kind: "destination-unreachable",
      code: UNREACHABLE.port,
      quoted: original.subarray(0, 24),
    });
    expect(transportIn(short)).toEqual({ kind: "none" });
    const fragment = encodeIpv4({
      ...addresses,
      ttl: 1,
      id: 1,
      protocol: PROTOCOL.tcp,
      fragmentOffset: 8,
      payload: syn,
    });
    expect(
      transportIn(encodeIcmpError({ kind: "time-exceeded", code: TIME_EXCEEDED.reassembly, quoted: fragment })),
    ).toEqual({ kind: "none" });
  });

  it("tells the ports of UDP", () => {
    const quoted = encodeIpv4({
      ...addresses,
      ttl: 1,
      id: 1,
      protocol: PROTOCOL.udp,
      payload: hex("0035 1f90 0008 0000"),
    });
    expect(transportIn(encodeIcmpError({ kind: "destination-unreachable", code: UNREACHABLE.port, quoted }))).toEqual({
      kind: "udp",
      srcPort: 53,
      dstPort: 8080,
    });
  });

  it("stands with an unreadable quote, and says so", () => {
    const message = valueOf(decodeIcmp(encodeIcmpError({ kind: "time-exceeded", code: 0, quoted: hex("4500") })));
    expect(message).toMatchObject({
      kind: "time-exceeded",
      original: { ok: false, error: "IPv4 header cut: 2 of 20 bytes" },
    });
  });

  it("quotes no more than RFC 1812 allows", () => {
    const quoted = encodeIpv4({ ...addresses, ttl: 1, id: 1, protocol: 6, payload: new Uint8Array(1400) });
    expect(encodeIcmpError({ kind: "time-exceeded", code: 0, quoted })).toHaveLength(576 - 20);
  });
});

describe("another ICMP message", () => {
  it("is named by type and code, with its body", () => {
    expect(valueOf(decodeIcmp(hex("0800 0000 0001 0002")))).toEqual({
      kind: "other",
      type: 8,
      code: 0,
      body: hex("0001 0002"),
    });
  });

  it("is refused where its header is cut", () => {
    expect(errorOf(decodeIcmp(hex("0b00 f4ff")))).toBe("ICMP header cut: 4 of 8 bytes");
  });
});

function transportIn(message: Uint8Array): unknown {
  const read = valueOf(decodeIcmp(message));
  if (read.kind === "other") throw new Error("expected an error message");
  return valueOf(read.original).transport;
}
