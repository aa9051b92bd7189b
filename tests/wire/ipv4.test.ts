import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ipv4 } from "../../wire/address.ts";
import { decodeIpv4, encodeIpv4, verifyIpv4Checksum, type Ipv4Fields } from "../../wire/ipv4.ts";
import { ipv4Fields, optionsLength } from "./arbitrary.ts";
import { checkCodec, errorOf, hex, valueOf } from "./codec.ts";

checkCodec<Required<Ipv4Fields>>("IPv4", {
  values: ipv4Fields,
  lengthOf: ({ options, payload }) => 20 + optionsLength(options) + payload.length,
  encode: encodeIpv4,
  decode: (bytes) => {
    const packet = decodeIpv4(bytes);
    if (!packet.ok) return packet;
    const { headerLength: _h, totalLength: _t, payloadLength: _p, checksum: _c, ...fields } = packet.value;
    return { ok: true, value: fields };
  },
});

const fields = {
  src: ipv4("192.0.2.1"),
  dst: ipv4("192.0.2.2"),
  ttl: 3,
  id: 0x1234,
  protocol: 6,
  payload: hex("0102030405"),
};

describe("an IPv4 packet", () => {
  it("has the layout of RFC 791", () => {
    const bytes = encodeIpv4({ ...fields, dontFragment: true, tos: 0x10 });
    expect(bytes).toEqual(hex("4510 0019 1234 4000 0306 e197 c000 0201 c000 0202 0102030405"));
    expect(verifyIpv4Checksum(bytes)).toBe(true);
    bytes[8] = 4;
    expect(verifyIpv4Checksum(bytes)).toBe(false);
  });

  it("carries a loose source route as 83 07 04 and the address", () => {
    const options = [{ kind: "lsrr", pointer: 4, route: [ipv4("203.0.113.9")] }] as const;
    const bytes = encodeIpv4({ ...fields, options });
    expect(bytes.subarray(20, 28)).toEqual(hex("830704 cb007109 00"));
    expect(valueOf(decodeIpv4(bytes)).options).toEqual([...options, { kind: "end" }]);
  });

  it("keeps its lengths where the capture was cut", () => {
    const packet = valueOf(decodeIpv4(encodeIpv4({ ...fields, payload: new Uint8Array(1000) }).subarray(0, 60)));
    expect(packet).toMatchObject({ totalLength: 1020, payloadLength: 1000, headerLength: 20 });
    expect(packet.payload).toHaveLength(40);
  });

  it("ends at its total length, before a link's padding", () => {
    const padded = new Uint8Array(46);
    padded.set(encodeIpv4(fields));
    expect(valueOf(decodeIpv4(padded)).payload).toEqual(fields.payload);
  });

  it("keeps every byte of any option area, however malformed", () => {
    const areas = fc.nat(10).chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 }));
    fc.assert(fc.property(areas, keepsArea));
    keepsArea(hex("8300 0000"));
    keepsArea(hex("0000 0001"));
    keepsArea(hex("8309 0401"));
  });

  it("has no options behind the end of its list", () => {
    const options = [{ kind: "malformed", bytes: hex("00 830704 cb007109") }] as const;
    expect(valueOf(decodeIpv4(encodeIpv4({ ...fields, options }))).options).toEqual(options);
  });

  it("has no source route of half an address", () => {
    const options = [{ kind: "unknown", type: 0x83, data: hex("04cb") }] as const;
    expect(valueOf(decodeIpv4(encodeIpv4({ ...fields, options }))).options).toEqual(options);
  });

  it("is refused with the reason", () => {
    const good = encodeIpv4(fields);
    expect(errorOf(decodeIpv4(good.subarray(0, 19)))).toBe("IPv4 header cut: 19 of 20 bytes");
    expect(errorOf(decodeIpv4(new Uint8Array([0x60, ...good.subarray(1)])))).toBe("IP version 6, not 4");
    expect(errorOf(decodeIpv4(new Uint8Array([0x44, ...good.subarray(1)])))).toBe("IPv4 header length 16 is below 20");
    expect(errorOf(decodeIpv4(new Uint8Array([0x4f, ...good.subarray(1)])))).toBe("IPv4 options cut: 25 of 60 bytes");
    expect(errorOf(decodeIpv4(new Uint8Array([0x45, 0, 0, 19, ...good.subarray(4)])))).toBe(
      "IPv4 total length 19 is below the header's",
    );
  });

  it("cannot be built with more options or payload than fit", () => {
    const route = Array.from({ length: 10 }, () => fields.src);
    expect(() => encodeIpv4({ ...fields, options: [{ kind: "lsrr", pointer: 4, route }] })).toThrow("43 bytes");
    expect(() => encodeIpv4({ ...fields, payload: new Uint8Array(65_516) })).toThrow("65536");
  });
});

function keepsArea(area: Uint8Array): void {
  const template = encodeIpv4({ ...fields, options: [{ kind: "malformed", bytes: area }] });
  expect(encodeIpv4({ ...fields, options: valueOf(decodeIpv4(template)).options })).toEqual(template);
}
