import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat } from "../../wire/bytes.ts";
import {
  attributeMap,
  attributeType,
  decodeAttributes,
  decodeControl,
  encodeAttributes,
  encodeNetlink,
  isControl,
  NESTED,
  splitNetlink,
  type NetlinkAttribute,
  type NetlinkMessage,
} from "../../wire/netlink.ts";
import { bytes, u16s, u32s } from "./arbitrary.ts";
import { checkCodec, errorOf, hex, valueOf } from "./codec.ts";

const padded = (length: number) => Math.ceil(length / 4) * 4;
const messages: fc.Arbitrary<NetlinkMessage> = fc.record({
  type: u16s,
  flags: u16s,
  seq: u32s,
  pid: u32s,
  payload: bytes(40),
});

checkCodec<NetlinkMessage[]>("netlink message", {
  values: fc.array(messages, { minLength: 1, maxLength: 4 }),
  lengthOf: (values) => values.reduce((sum, { payload }) => sum + 16 + padded(payload.length), 0),
  encode: (values) => concat(values.map(encodeNetlink)),
  decode: (datagram) => {
    const { messages: read, rest } = splitNetlink(datagram);
    if (datagram.length === 0 || rest.length > 0) return { ok: false, error: `${rest.length} bytes left` };
    return { ok: true, value: read };
  },
});

checkCodec<NetlinkAttribute[]>("netlink attribute", {
  values: fc.array(fc.record({ type: u16s, value: bytes(30) }), { minLength: 1, maxLength: 6 }),
  lengthOf: (values) => values.reduce((sum, { value }) => sum + 4 + padded(value.length), 0),
  encode: encodeAttributes,
  decode: (area) => (area.length === 0 ? { ok: false, error: "none" } : decodeAttributes(area)),
});

describe("netlink attributes", () => {
  it("nest, with the flag kept and the type read without it", () => {
    const inner = encodeAttributes([{ type: 1, value: hex("7f000001") }]);
    const area = encodeAttributes([{ type: 2 | NESTED, value: inner }]);
    expect(area).toEqual(hex("0c00 0280 0800 0100 7f000001"));
    const [outer] = valueOf(decodeAttributes(area));
    expect(outer && attributeType(outer)).toBe(2);
    expect(attributeMap(attributeMap(area)?.get(2) ?? hex("00"))?.get(1)).toEqual(hex("7f000001"));
  });

  it("are refused with length and place", () => {
    expect(errorOf(decodeAttributes(hex("0400 0100 0900 0200 01")))).toBe("netlink attribute of 9 bytes at 4 of 9");
    expect(errorOf(decodeAttributes(hex("0300 0100")))).toBe("netlink attribute of 3 bytes at 0 of 4");
    expect(attributeMap(hex("0300 0100"))).toBeUndefined();
  });

  it("hold at most 65,531 bytes", () => {
    expect(() => encodeAttributes([{ type: 1, value: new Uint8Array(65_532) }])).toThrow(RangeError);
  });
});

describe("a netlink datagram", () => {
  it("that was cut gives its whole messages and the rest", () => {
    const message = encodeNetlink({ type: 16, flags: 0, seq: 1, pid: 0, payload: hex("01020304") });
    const { messages: read, rest } = splitNetlink(concat([message, message.subarray(0, 18)]));
    expect(read).toHaveLength(1);
    expect(rest).toHaveLength(18);
  });
});

describe("a message of netlink itself", () => {
  const control = (type: number, payload: Uint8Array) => decodeControl({ type, flags: 0, seq: 5, pid: 0, payload });

  it("is told from those of subsystems by its type", () => {
    expect([3, 0x100].map((type) => isControl({ type, flags: 0, seq: 0, pid: 0, payload: hex("") }))).toEqual([
      true,
      false,
    ]);
  });

  it("says noop, overrun, done, ack or error with a positive errno", () => {
    expect(valueOf(control(1, hex("")))).toEqual({ type: "noop" });
    expect(valueOf(control(4, hex("")))).toEqual({ type: "overrun" });
    expect(valueOf(control(3, hex("00000000")))).toEqual({ type: "done", seq: 5, errno: 0 });
    expect(valueOf(control(3, hex("fcffffff")))).toEqual({ type: "done", seq: 5, errno: 4 });
    expect(valueOf(control(2, hex("00000000")))).toEqual({ type: "ack", seq: 5 });
    expect(valueOf(control(2, hex("ffffffff")))).toEqual({ type: "error", seq: 5, errno: 1 });
  });

  it("is refused where it is cut or of no known type", () => {
    expect(errorOf(control(2, hex("0000")))).toBe("netlink error cut: 2 bytes");
    expect(errorOf(control(9, hex("")))).toBe("netlink message type 9");
  });
});
