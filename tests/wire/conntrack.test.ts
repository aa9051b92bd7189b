import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ipv4ToU32, type Endpoint } from "../../wire/address.ts";
import { concat, putU16be, putU32be } from "../../wire/bytes.ts";
import {
  decodeConntrack,
  encodeConntrackDump,
  encodeConntrackFlush,
  TCP_STATES,
  type ConntrackEntry,
  type ConntrackMessage,
  type ConntrackTuple,
} from "../../wire/conntrack.ts";
import { encodeAttributes, encodeNetlink, NESTED, splitNetlink, type NetlinkAttribute } from "../../wire/netlink.ts";
import { endpoints, u32s, u8s } from "./arbitrary.ts";
import { checkCodec, errorOf, hex, valueOf } from "./codec.ts";
import { recorded } from "./kernel.ts";

const NEW_FLAGS = { new: 0x600, update: 0, destroy: 0, entry: 0x2 };
const STATUS_BITS = { seenReply: 2, assured: 4, confirmed: 8, srcNat: 16, dstNat: 32, dying: 512 } as const;

const tuples = fc.record({ src: endpoints, dst: endpoints });
const entries: fc.Arbitrary<ConntrackEntry> = fc.record(
  {
    type: fc.constantFrom("new", "update", "destroy", "entry"),
    id: u32s,
    protocol: u8s,
    orig: tuples,
    reply: tuples,
    status: fc.record({
      seenReply: fc.boolean(),
      assured: fc.boolean(),
      confirmed: fc.boolean(),
      srcNat: fc.boolean(),
      dstNat: fc.boolean(),
      dying: fc.boolean(),
    }),
    tcpState: fc.constantFrom(...TCP_STATES),
    timeoutSeconds: u32s,
    mark: u32s,
  },
  { requiredKeys: ["type", "id", "protocol", "orig", "reply", "status"] },
);

// The kernel's side, as ctnetlink_fill_info() of nf_conntrack_netlink.c lays messages out.
function encodeEntry(entry: ConntrackEntry): Uint8Array {
  const status = Object.entries(STATUS_BITS).reduce(
    (sum, [name, bit]) => sum + (entry.status[name as keyof typeof STATUS_BITS] ? bit : 0),
    0,
  );
  const attributes: NetlinkAttribute[] = [
    nest(1, tuple(entry.orig, entry.protocol)),
    nest(2, tuple(entry.reply, entry.protocol)),
    { type: 12, value: word(entry.id) },
    { type: 3, value: word(status) },
  ];
  if (entry.timeoutSeconds !== undefined) attributes.push({ type: 7, value: word(entry.timeoutSeconds) });
  if (entry.tcpState !== undefined)
    attributes.push(nest(4, [nest(1, [{ type: 1, value: Uint8Array.of(TCP_STATES.indexOf(entry.tcpState)) }])]));
  if (entry.mark !== undefined) attributes.push({ type: 8, value: word(entry.mark) });
  const payload = concat([hex("02000000"), encodeAttributes(attributes)]);
  const type = entry.type === "destroy" ? 0x102 : 0x100;
  return encodeNetlink({ type, flags: NEW_FLAGS[entry.type], seq: 0, pid: 0, payload });
}

function tuple({ src, dst }: ConntrackTuple, protocol: number): NetlinkAttribute[] {
  const ip = (endpoint: Endpoint) => word(ipv4ToU32(endpoint.ip));
  const number = { type: 1, value: Uint8Array.of(protocol) };
  return [
    nest(1, [
      { type: 1, value: ip(src) },
      { type: 2, value: ip(dst) },
    ]),
    nest(2, [number, { type: 2, value: half(src.port) }, { type: 3, value: half(dst.port) }]),
  ];
}

function nest(type: number, attributes: readonly NetlinkAttribute[]): NetlinkAttribute {
  return { type: type | NESTED, value: encodeAttributes(attributes) };
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  putU32be(bytes, 0, value);
  return bytes;
}

function half(value: number): Uint8Array {
  const bytes = new Uint8Array(2);
  putU16be(bytes, 0, value);
  return bytes;
}

checkCodec<ConntrackEntry>("conntrack", {
  values: entries,
  lengthOf: ({ timeoutSeconds, tcpState, mark }) =>
    20 +
    52 +
    52 +
    8 +
    8 +
    (timeoutSeconds === undefined ? 0 : 8) +
    (tcpState === undefined ? 0 : 16) +
    (mark === undefined ? 0 : 8),
  encode: encodeEntry,
  decode: (datagram) => {
    const message = splitNetlink(datagram).messages[0];
    const read = message ? decodeConntrack(message) : ({ ok: false, error: "no message" } as const);
    if (!read.ok) return read;
    return isEntry(read.value) ? { ok: true, value: read.value } : { ok: false, error: read.value.type };
  },
});

describe("conntrack as a kernel tells it", () => {
  const orig = { src: { ip: "127.0.0.1", port: 30001 }, dst: { ip: "127.0.0.1", port: 8080 } };
  const reply = { src: { ip: "127.0.0.1", port: 8080 }, dst: { ip: "127.0.0.5", port: 40000 } };

  it("follows a translated connection from its SYN to its end", () => {
    const events = recorded("events of one connection").map((message) => valueOf(decodeConntrack(message)));
    expect(events.map((event) => (isEntry(event) ? `${event.type} ${event.tcpState}` : event.type))).toEqual([
      "new SYN_SENT",
      "update SYN_RECV",
      "update ESTABLISHED",
      "update FIN_WAIT",
      "update LAST_ACK",
      "update TIME_WAIT",
    ]);
    for (const event of events) expect(event).toMatchObject({ protocol: 6, orig, reply, id: 0xaa196b00 });
    expect(events[0]).toMatchObject({
      mark: 42,
      timeoutSeconds: 120,
      status: { seenReply: false, assured: false, confirmed: true, srcNat: true, dstNat: false },
    });
    expect(events[2]).toMatchObject({ status: { seenReply: true, assured: true } });
  });

  it("dumps entries and says when it is done", () => {
    const [entry, done] = recorded("dump").map((message) => valueOf(decodeConntrack(message)));
    expect(entry).toMatchObject({ type: "entry", orig, reply, tcpState: "TIME_WAIT" });
    expect(done).toEqual({ type: "done", seq: 7, errno: 0 });
  });

  it("acknowledges a flush, which destroys the entry", () => {
    expect(recorded("flush").map((message) => valueOf(decodeConntrack(message)))).toEqual([{ type: "ack", seq: 8 }]);
    const [destroyed] = recorded("events of the flush").map((message) => valueOf(decodeConntrack(message)));
    expect(destroyed).toMatchObject({
      type: "destroy",
      orig,
      reply,
      tcpState: "TIME_WAIT",
      status: { dying: true, assured: true },
    });
  });

  it("refuses an operation it does not know", () => {
    expect(recorded("unknown operation").map((message) => valueOf(decodeConntrack(message)))).toEqual([
      { type: "error", seq: 9, errno: 22 },
    ]);
  });
});

describe("a conntrack request", () => {
  it("to flush is the one that the recorded kernel acknowledged", () => {
    expect(encodeConntrackFlush(8)).toEqual(hex("14000000 0201 0500 08000000 00000000 02 00 0000"));
  });

  it("to dump is the one that the recorded kernel answered", () => {
    expect(encodeConntrackDump(7)).toEqual(hex("14000000 0101 0103 07000000 00000000 02 00 0000"));
  });
});

describe("a conntrack message", () => {
  const read = (type: number, payload: string) =>
    decodeConntrack({ type, flags: 0, seq: 0, pid: 0, payload: hex(payload) });

  it.each([
    ["of another subsystem", 0x300, "02000000", "netfilter subsystem 3 is not conntrack"],
    ["of IPv6", 0x100, "0a000000", "conntrack of address family 10, not IPv4"],
    ["of an operation that is no event", 0x105, "02000000", "conntrack operation 5"],
    ["without tuples", 0x100, "02000000", "conntrack entry without both tuples"],
    ["cut in its header", 0x100, "0200", "netfilter header cut: 2 bytes"],
    ["with attributes that overlap", 0x100, "02000000 0300 0100", "netfilter attributes cannot be read"],
  ])("%s is refused with the reason", (_what, type, payload, error) => {
    expect(errorOf(read(type, payload))).toBe(error);
  });
});

function isEntry(message: ConntrackMessage): message is ConntrackEntry {
  return "orig" in message;
}
