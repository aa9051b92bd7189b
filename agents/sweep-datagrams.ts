import type { Port } from "../wire/address.ts";
import { putU16be, u16be } from "../wire/bytes.ts";
import { updateChecksum } from "../wire/checksum.ts";
import { PROTOCOL, encodeIpv4 } from "../wire/ipv4.ts";
import { seededBytes } from "../wire/seeded.ts";
import { LINUX_WINDOW, TCP_FLAG, encodeTcp } from "../wire/tcp.ts";
import { FULL_TTL, SWEEP_PORTS, type XAction } from "./technique/machine.ts";

type Sweep = Extract<XAction, { kind: "sweep" }>;

/** Offsets into a datagram without IP options (RFC 791 section 3.1, RFC 9293 section 3.1). */
export const AT = { identification: 4, ipChecksum: 10, srcPort: 20, dstPort: 22, tcpChecksum: 36 } as const;

/**
 * A sweep's ACKs: each port is its own IP identification, which NATs leave alone. One buffer for all, of which the two fields and
 * their checksums change (RFC 1624): use each before the next. Fragmentation is allowed, as an identification means nothing else (RFC 6864).
 */
export function* sweepDatagrams({ from, to, isn, first, count }: Sweep, seed: string): Generator<Uint8Array> {
  const addresses = { src: from.ip, dst: to };
  const ack = {
    srcPort: from.port,
    dstPort: 0 as Port,
    seq: seededBytes(`${seed}/sweep-seq`, 4).readUInt32LE(),
    ack: (isn + 1) >>> 0,
    flags: TCP_FLAG.ack,
    window: LINUX_WINDOW,
  };
  const payload = encodeTcp(ack, addresses);
  const bytes = encodeIpv4({ ...addresses, ttl: FULL_TTL, id: 0, protocol: PROTOCOL.tcp, payload });
  const portAt = sweepOrder(seed);
  for (let n = first; n < first + count; n += 1) {
    change(bytes, { word: AT.identification, checksum: AT.ipChecksum }, portAt(n));
    change(bytes, { word: AT.dstPort, checksum: AT.tcpChecksum }, portAt(n));
    yield bytes;
  }
}

/** Numbers that have no factor in common with the number of ports: 2^10 · 3^2 · 7. */
const STEPS = [30_011, 24_709, 39_857, 40_993] as const;

/** A NAT's ports in an order that has each once: from a start and by a step that follow from `seed`. Nothing is kept of it. */
export function sweepOrder(seed: string): (n: number) => number {
  const draw = seededBytes(`${seed}/sweep-order`, 6);
  const { from, count } = SWEEP_PORTS;
  const start = draw.readUInt32LE(0) % count;
  const step = STEPS[draw.readUInt16LE(4) % STEPS.length]!;
  return (n) => from + ((start + n * step) % count);
}

/** Gives a 16-bit word of a datagram a value, and its checksum the right one. */
export function change(
  bytes: Uint8Array,
  at: { readonly word: number; readonly checksum: number },
  value: number,
): void {
  putU16be(bytes, at.checksum, updateChecksum(u16be(bytes, at.checksum), u16be(bytes, at.word), value));
  putU16be(bytes, at.word, value);
}
