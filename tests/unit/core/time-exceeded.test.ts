import { describe, expect, it } from "vitest";
import { timeExceeded } from "../../../agents/core/time-exceeded.ts";
import { ipv4 } from "../../../wire/address.ts";
import { hopAddress } from "../../../wire/core.ts";
import { decodeIcmp, encodeIcmpError, verifyIcmpChecksum } from "../../../wire/icmp.ts";
import { decodeIpv4, encodeIpv4, PROTOCOL, verifyIpv4Checksum, type Ipv4Fields } from "../../../wire/ipv4.ts";
import { valueOf } from "../../wire/codec.ts";

const SRC = ipv4("10.1.0.2");
const HOP = ipv4("192.0.2.12");
const dying = (fields: Partial<Ipv4Fields> = {}): Uint8Array =>
  encodeIpv4({
    src: SRC,
    dst: ipv4("203.0.113.2"),
    ttl: 3,
    id: 77,
    protocol: PROTOCOL.tcp,
    payload: new Uint8Array(600).fill(9),
    ...fields,
  });

describe("a router where a packet's TTL ends", () => {
  it("tells its sender under its own address, and quotes the packet as it came: with a TTL of 1", () => {
    const answer = timeExceeded(dying(), HOP);
    const packet = valueOf(decodeIpv4(answer!.datagram));
    expect(answer?.to).toBe(SRC);
    expect(packet).toMatchObject({ src: HOP, dst: SRC, protocol: PROTOCOL.icmp, ttl: 64, tos: 0xc0 });
    expect(packet.totalLength).toBe(576);
    expect(verifyIpv4Checksum(answer!.datagram) && verifyIcmpChecksum(packet.payload)).toBe(true);
    const icmp = valueOf(decodeIcmp(packet.payload));
    if (icmp.kind !== "time-exceeded") throw new Error(icmp.kind);
    expect(icmp.code).toBe(0);
    expect(valueOf(icmp.original)).toMatchObject({ src: SRC, ttl: 1, id: 77 });
    expect(verifyIpv4Checksum(icmp.quoted)).toBe(true);
  });

  it("answers no ICMP error, no later fragment and no nonsense (RFC 1812 section 4.3.2.7)", () => {
    const error = encodeIcmpError({ kind: "time-exceeded", code: 0, quoted: dying() });
    expect(timeExceeded(dying({ protocol: PROTOCOL.icmp, payload: error }), HOP)).toBeUndefined();
    expect(timeExceeded(dying({ fragmentOffset: 8 }), HOP)).toBeUndefined();
    expect(timeExceeded(Uint8Array.of(1, 2, 3), HOP)).toBeUndefined();
    expect(
      timeExceeded(dying({ protocol: PROTOCOL.icmp, payload: Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0) }), HOP),
    ).toBeDefined();
  });

  it("has an address of the link that it is on", () => {
    expect([1, 2, 12].map((nth) => hopAddress(ipv4("192.0.2.1"), nth))).toEqual([
      "192.0.2.11",
      "192.0.2.12",
      "192.0.2.22",
    ]);
  });
});
