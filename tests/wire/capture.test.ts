import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packPackets, unpackPackets, type CapturedPacket } from "../../wire/capture.ts";
import { bytes, u32s, u8s } from "./arbitrary.ts";

const packets: fc.Arbitrary<CapturedPacket[]> = fc.array(
  fc.record({
    iface: u8s,
    direction: fc.constantFrom("in" as const, "out" as const),
    atUs: fc.maxSafeNat(),
    length: u32s,
    bytes: bytes(60),
  }),
  { maxLength: 6 },
);
const plain = (list: readonly CapturedPacket[]) =>
  list.map((packet) => ({ ...packet, bytes: Buffer.from(packet.bytes).toString("hex") }));

describe("packed packets", () => {
  it("unpack to what they were, from the middle of a bigger buffer too", () => {
    fc.assert(
      fc.property(packets, fc.nat(7), (list, before) => {
        const packed = packPackets(list);
        const buffer = new Uint8Array(before + packed.length);
        buffer.set(packed, before);
        expect(plain(unpackPackets(buffer.subarray(before)))).toEqual(plain(list));
      }),
    );
  });

  it("that are cut unpack to those that are whole", () => {
    fc.assert(
      fc.property(packets, fc.nat(), (list, at) => {
        const packed = packPackets(list);
        const cut = plain(unpackPackets(packed.subarray(0, at % (packed.length + 1))));
        expect(cut).toEqual(plain(list).slice(0, cut.length));
        if (at % (packed.length + 1) < packed.length) expect(cut.length).toBeLessThan(list.length);
      }),
    );
  });

  it("never throw on bytes of anything else", () => {
    fc.assert(fc.property(bytes(100), (any) => void unpackPackets(any)));
  });
});
