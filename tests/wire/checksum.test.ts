import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ipv4 } from "../../wire/address.ts";
import { putU16be, u16be } from "../../wire/bytes.ts";
import { internetChecksum, sumPseudoHeader, sumWords, updateChecksum } from "../../wire/checksum.ts";
import { u16s } from "./arbitrary.ts";
import { hex } from "./codec.ts";

describe("the internet checksum", () => {
  it("is RFC 1071's for its example in section 3", () => {
    expect(internetChecksum(hex("0001 f203 f4f5 f6f7"))).toBe(0xddf2 ^ 0xffff);
  });

  it("counts an odd last byte as the high one", () => {
    expect(internetChecksum(hex("0001 f2"))).toBe(internetChecksum(hex("0001 f200")));
  });

  it("is 0 over a header that carries it", () => {
    expect(internetChecksum(hex("4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7"))).toBe(0);
  });

  it("adds up over parts of even length", () => {
    expect(sumWords(hex("f4f5"), sumWords(hex("f203")))).toBe(sumWords(hex("f203 f4f5")));
  });

  it("folds the carries of 64 KiB of ones", () => {
    expect(internetChecksum(new Uint8Array(65_536).fill(0xff))).toBe(0);
  });
});

describe("the incremental update", () => {
  it("is RFC 1624's for its example in section 4, where RFC 1141's gives the other zero", () => {
    expect(updateChecksum(0xdd2f, 0x5555, 0x3285)).toBe(0);
  });

  it("gives what summing anew gives", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 60 }), u16s, (bytes, after) => {
        bytes[2] = 1; // not all zero: there the two zeros of one's complement are told apart
        const [checksum, before] = [internetChecksum(bytes), u16be(bytes, 0)];
        putU16be(bytes, 0, after);
        expect(updateChecksum(checksum, before, after)).toBe(internetChecksum(bytes));
      }),
    );
  });
});

describe("the pseudo header", () => {
  it("sums both addresses, the protocol and the length", () => {
    const addresses = { src: ipv4("192.168.0.1"), dst: ipv4("10.0.0.2") };
    expect(sumPseudoHeader(addresses, 6, 20)).toBe(sumWords(hex("c0a8 0001 0a00 0002 0006 0014")));
  });
});
