import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatEndpoint,
  ipv4,
  ipv4ToU32,
  parseEndpoint,
  parseIpv4,
  port,
  sameEndpoint,
  u32ToIpv4,
} from "../../wire/address.ts";
import { endpoints, u32s } from "./arbitrary.ts";
import { errorOf, valueOf } from "./codec.ts";

describe("addresses", () => {
  it("are read as the number they spell", () => {
    expect(ipv4ToU32(ipv4("10.1.2.3"))).toBe(0x0a010203);
    expect(ipv4ToU32(ipv4("255.255.255.255"))).toBe(0xffffffff);
  });

  it("come back from their number, and from their text, as they were", () => {
    fc.assert(
      fc.property(u32s, (value) => {
        expect(ipv4ToU32(u32ToIpv4(value))).toBe(value);
        expect(valueOf(parseIpv4(u32ToIpv4(value)))).toBe(u32ToIpv4(value));
      }),
    );
  });

  it.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.04",
    " 1.2.3.4",
    "1.2.3.4\n",
    "a.b.c.d",
    "1.2.3.-4",
    "1.2.3.999",
  ])("%j is no address", (text) => {
    expect(errorOf(parseIpv4(text))).toContain(JSON.stringify(text));
    expect(() => ipv4(text)).toThrow(RangeError);
  });
});

describe("endpoints", () => {
  it("come back from their text as they were", () => {
    fc.assert(
      fc.property(endpoints, (endpoint) => {
        const read = valueOf(parseEndpoint(formatEndpoint(endpoint)));
        expect(read).toEqual(endpoint);
        expect(sameEndpoint(read, endpoint)).toBe(true);
      }),
    );
  });

  it("differ by port alone and by address alone", () => {
    const [one, other] = [valueOf(parseEndpoint("1.2.3.4:5")), valueOf(parseEndpoint("1.2.3.5:5"))];
    expect(sameEndpoint(one, other)).toBe(false);
    expect(sameEndpoint(one, { ...one, port: port(6) })).toBe(false);
  });

  it.each(["", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.4:080", "1.2.3:80", "1.2.3.4:80 "])(
    "%j is no endpoint",
    (text) => {
      expect(errorOf(parseEndpoint(text))).toContain(JSON.stringify(text));
    },
  );
});

describe("ports", () => {
  it.each([-1, 65536, 1.5, Number.NaN])("%d is no port", (value) => {
    expect(() => port(value)).toThrow(RangeError);
  });

  it("reach from 0 to 65535", () => {
    expect([port(0), port(65535)]).toEqual([0, 65535]);
  });
});
