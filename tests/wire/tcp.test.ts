import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ipv4, port } from "../../wire/address.ts";
import { decodeTcp, encodeTcp, formatFlags, TCP_FLAG, verifyTcpChecksum, type TcpFields } from "../../wire/tcp.ts";
import { optionsLength, tcpFields } from "./arbitrary.ts";
import { checkCodec, errorOf, hex, valueOf } from "./codec.ts";

const addresses = { src: ipv4("10.0.0.1"), dst: ipv4("10.0.0.2") };

checkCodec<Required<TcpFields>>("TCP", {
  values: tcpFields,
  lengthOf: ({ options, payload }) => 20 + optionsLength(options) + payload.length,
  encode: (fields) => encodeTcp(fields, addresses),
  decode: (bytes) => {
    const segment = decodeTcp(bytes);
    if (!segment.ok) return segment;
    const { headerLength: _h, checksum: _c, ...fields } = segment.value;
    return { ok: true, value: fields };
  },
});

const syn: TcpFields = {
  srcPort: port(4000),
  dstPort: port(80),
  seq: 0xfedcba98,
  ack: 0,
  flags: TCP_FLAG.syn,
  window: 64240,
};

describe("a TCP segment", () => {
  it("is read from a SYN that Linux sent", () => {
    const sent = "d5f0 01bb 89ab cdef 0000 0000 a002 faf0 0000 0000 0204 05b4 0402 080a 1122 3344 0000 0000 0103 0307";
    expect(valueOf(decodeTcp(hex(sent)))).toMatchObject({
      srcPort: 54768,
      dstPort: 443,
      seq: 0x89abcdef,
      flags: TCP_FLAG.syn,
      window: 64240,
      headerLength: 40,
      options: [
        { kind: "mss", bytes: 1460 },
        { kind: "sackPermitted" },
        { kind: "timestamps", tsval: 0x11223344, tsecr: 0 },
        { kind: "nop" },
        { kind: "windowScale", shift: 7 },
      ],
    });
  });

  it("carries a checksum that holds between its addresses and nowhere else", () => {
    fc.assert(
      fc.property(tcpFields, (fields) => {
        const bytes = encodeTcp(fields, addresses);
        expect(verifyTcpChecksum(bytes, addresses)).toBe(true);
        expect(verifyTcpChecksum(bytes, { ...addresses, dst: ipv4("10.0.0.3") })).toBe(false);
      }),
    );
  });

  it("keeps a known option of unusual length byte by byte", () => {
    const options = [{ kind: "unknown", type: 2, data: hex("0102030405060708 0910") }] as const;
    expect(valueOf(decodeTcp(encodeTcp({ ...syn, options }, addresses))).options).toEqual(options);
  });

  it("keeps every byte of any option area, however malformed", () => {
    const areas = fc.nat(10).chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 }));
    fc.assert(
      fc.property(areas, (area) => {
        const bytes = encodeTcp({ ...syn, options: [{ kind: "malformed", bytes: area }] }, addresses);
        expect(encodeTcp({ ...syn, options: valueOf(decodeTcp(bytes)).options }, addresses)).toEqual(bytes);
      }),
    );
  });

  it("is refused with the reason", () => {
    const good = encodeTcp(syn, addresses);
    expect(errorOf(decodeTcp(good.subarray(0, 19)))).toBe("TCP header cut: 19 of 20 bytes");
    good[12] = 0x40;
    expect(errorOf(decodeTcp(good))).toBe("TCP data offset 16 is below 20");
    good[12] = 0xf0;
    expect(errorOf(decodeTcp(good))).toBe("TCP options cut: 20 of 60 bytes");
    expect(verifyTcpChecksum(good.subarray(0, 10), addresses)).toBe(false);
  });

  it("names its flags", () => {
    expect(formatFlags(TCP_FLAG.syn | TCP_FLAG.ack)).toBe("SYN+ACK");
    expect(formatFlags(0)).toBe("none");
    expect(formatFlags(0x801)).toBe("FIN+0x800");
  });
});
