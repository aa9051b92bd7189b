import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sweepDatagrams, sweepOrder } from "../../../agents/sweep-datagrams.ts";
import { SWEEP_PORTS } from "../../../agents/technique/machine.ts";
import { decodeIpv4, verifyIpv4Checksum } from "../../../wire/ipv4.ts";
import { decodeTcp, TCP_FLAG, verifyTcpChecksum } from "../../../wire/tcp.ts";
import { u32s } from "../../wire/arbitrary.ts";
import { OUTSIDE } from "./simulation.ts";

describe("a sweep", () => {
  it("has every port from 1024 up once, in an order that follows from the seed", () => {
    const order = (seed: string) => {
      const portAt = sweepOrder(seed);
      return Array.from({ length: SWEEP_PORTS.count }, (_, n) => portAt(n));
    };
    for (const seed of ["one", "two", "three", "four", "five", "six"]) {
      const ports = order(seed);
      expect(new Set(ports).size).toBe(64_512);
      expect([Math.min(...ports), Math.max(...ports)]).toEqual([1_024, 65_535]);
    }
    expect(order("one")).not.toEqual(order("two"));
  });

  it("is ACKs that fit the SYN, with right checksums, each with its port as identification", () => {
    fc.assert(
      fc.property(u32s, fc.nat(64_000), fc.string(), (isn, first, seed) => {
        const sweep = { kind: "sweep", from: OUTSIDE.b, to: OUTSIDE.a.ip, isn, first, count: 20 } as const;
        const ports: number[] = [];
        for (const bytes of sweepDatagrams(sweep, seed)) {
          const packet = decodeIpv4(bytes);
          if (!packet.ok) throw new Error(packet.error);
          const { id, src, dst, payload, dontFragment } = packet.value;
          const segment = decodeTcp(payload);
          if (!segment.ok) throw new Error(segment.error);
          expect([verifyIpv4Checksum(bytes), verifyTcpChecksum(payload, { src, dst })]).toEqual([true, true]);
          expect({ src, dst, dontFragment }).toEqual({ src: OUTSIDE.b.ip, dst: OUTSIDE.a.ip, dontFragment: false });
          const { srcPort, dstPort, ack, flags } = segment.value;
          expect({ srcPort, ack, flags }).toEqual({
            srcPort: OUTSIDE.b.port,
            ack: (isn + 1) >>> 0,
            flags: TCP_FLAG.ack,
          });
          expect(id).toBe(dstPort);
          ports.push(dstPort);
        }
        expect(ports).toEqual(Array.from({ length: 20 }, (_, n) => sweepOrder(seed)(first + n)));
      }),
      { numRuns: 50 },
    );
  });
});
