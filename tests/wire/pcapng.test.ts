import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat } from "../../wire/bytes.ts";
import {
  encodeInterface,
  encodePacket,
  encodeSection,
  LINKTYPE_RAW,
  renderPcapng,
  type PcapngCapture,
} from "../../wire/pcapng.ts";
import { readPcapng } from "../../wire/pcapng-reader.ts";
import { bytes, u16s } from "./arbitrary.ts";
import { checkCodec, hex } from "./codec.ts";

const padded = (length: number) => Math.ceil(length / 4) * 4;
const textLength = (text: string | undefined) => (text === undefined ? 0 : 4 + padded(Buffer.byteLength(text)));
const words = fc.string({ maxLength: 20, unit: "grapheme" });
const interfaces = fc.record(
  { name: words, description: words, linkType: u16s },
  { requiredKeys: ["name", "linkType"] },
);

function packets(interfaceCount: number) {
  return fc.record(
    {
      iface: fc.nat(interfaceCount - 1),
      atUs: fc.nat(Number.MAX_SAFE_INTEGER),
      bytes: bytes(50),
      originalLength: u16s,
      direction: fc.constantFrom("inbound", "outbound", "unknown"),
      comment: words,
    },
    { requiredKeys: ["iface", "atUs", "bytes", "originalLength", "direction"] },
  );
}

const captures: fc.Arbitrary<PcapngCapture> = fc
  .array(interfaces, { minLength: 1, maxLength: 4 })
  .chain((drawn) =>
    fc.record(
      { interfaces: fc.constant(drawn), packets: fc.array(packets(drawn.length), { maxLength: 6 }), comment: words },
      { requiredKeys: ["interfaces", "packets"] },
    ),
  );

function lengthOf({ interfaces: described, packets: captured, comment }: PcapngCapture): number {
  const section = 28 + (comment === undefined ? 0 : textLength(comment) + 4);
  const descriptions = described.map(
    ({ name, description }) => 20 + textLength(name) + textLength(description) + 8 + 4,
  );
  const blocks = captured.map((packet) => {
    const options = textLength(packet.comment) + (packet.direction === "unknown" ? 0 : 8);
    return 32 + padded(packet.bytes.length) + options + (options === 0 ? 0 : 4);
  });
  return [section, ...descriptions, ...blocks].reduce((sum, length) => sum + length, 0);
}

checkCodec<PcapngCapture>("pcapng", {
  values: captures,
  lengthOf,
  encode: renderPcapng,
  decode: (file) => {
    const { capture, end } = readPcapng(file);
    return end.kind === "complete" ? { ok: true, value: capture } : { ok: false, error: end.reason };
  },
});

const lan = { name: "na:in", linkType: LINKTYPE_RAW };
const packet = {
  iface: 0,
  atUs: 1_700_000_000_123_456,
  bytes: hex("4500"),
  originalLength: 60,
  direction: "inbound",
} as const;

describe("a pcapng file", () => {
  it("can be written block by block", () => {
    const file = renderPcapng({ interfaces: [lan], packets: [packet], comment: "cell 7" });
    expect(concat([encodeSection("cell 7"), encodeInterface(lan), encodePacket(packet)])).toEqual(file);
  });

  it("gives all whole blocks of a file that was cut, and where it stopped", () => {
    const whole = renderPcapng({ interfaces: [lan], packets: [packet, packet] });
    const last = encodePacket(packet).length;
    const { capture, end } = readPcapng(whole.subarray(0, whole.length - 5));
    expect(capture.packets).toEqual([packet]);
    expect(end).toEqual({
      kind: "stopped",
      offset: whole.length - last,
      reason: `block cut: ${last - 5} of ${last} bytes`,
    });
  });

  it("never loses a whole block, wherever the file is cut", () => {
    const whole = renderPcapng({ interfaces: [lan], packets: [packet, packet, packet] });
    const head = whole.length - 3 * encodePacket(packet).length;
    for (let length = head; length <= whole.length; length++)
      expect(readPcapng(whole.subarray(0, length)).capture.packets).toHaveLength(
        Math.floor((length - head) / encodePacket(packet).length),
      );
  });

  it("is read over blocks of other types, and counts interfaces through its sections", () => {
    const unknown = hex("cc000000 10000000 01020304 10000000");
    const section = concat([encodeSection(), unknown, encodeInterface(lan), encodePacket(packet)]);
    const { capture, end } = readPcapng(concat([section, section]));
    expect(end.kind).toBe("complete");
    expect(capture.interfaces).toEqual([lan, lan]);
    expect(capture.packets.map(({ iface }) => iface)).toEqual([0, 1]);
  });

  it("is read in big endian, with nanoseconds and a time offset", () => {
    const file = hex(`
      0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c
      00000001 0000002c 0065 0000 00000000 0009 0001 09000000 000e 0008 0000000000000002 0000 0000 0000002c
      00000006 00000024 00000000 00000000 3b9acdff 00000001 00000002 ab000000 00000024`);
    expect(readPcapng(file)).toEqual({
      capture: {
        interfaces: [{ name: "", linkType: LINKTYPE_RAW }],
        packets: [{ iface: 0, atUs: 3_000_001, bytes: hex("ab"), originalLength: 2, direction: "unknown" }],
      },
      end: { kind: "complete" },
    });
  });

  it.each([
    ["an empty file", hex(""), 0, "no section header: the file is empty"],
    ["another file format", hex("d4c3b2a1 02000400 00000000"), 0, "no section header: not a pcapng file"],
    ["an unknown byte order", hex("0a0d0d0a 1c000000 00000000"), 0, "unknown byte order"],
    [
      "a packet of an interface that was not described",
      concat([encodeSection(), encodePacket(packet)]),
      28,
      "packet of interface 0, of which there are 0",
    ],
    [
      "a length that is no multiple of 4",
      concat([encodeSection(), hex("01000000 0d000000 00000000")]),
      28,
      "block length 13",
    ],
    [
      "two lengths that disagree",
      concat([encodeSection(), hex("01000000 0c000000 10000000")]),
      28,
      "block lengths disagree",
    ],
    [
      "a packet longer than its block",
      concat([
        encodeSection(),
        encodeInterface(lan),
        hex("06000000 20000000 00000000 00000000 00000000 01000000 01000000 20000000"),
      ]),
      72,
      "packet of 1 bytes in a block of 20",
    ],
  ])("stops at %s", (_what, file, offset, reason) => {
    expect(readPcapng(file).end).toEqual({ kind: "stopped", offset, reason });
  });

  it("refuses a comment that no option can hold", () => {
    expect(() => encodePacket({ ...packet, comment: "x".repeat(65_536) })).toThrow(RangeError);
  });
});
