import type { Ipv4 } from "../../wire/address.ts";
import { putU16be, u16be } from "../../wire/bytes.ts";
import { updateChecksum } from "../../wire/checksum.ts";
import { TIME_EXCEEDED, decodeIcmp, encodeIcmpError } from "../../wire/icmp.ts";
import { PROTOCOL, decodeIpv4, encodeIpv4 } from "../../wire/ipv4.ts";

/** Bytes of a packet that an error may quote (RFC 1812 section 4.3.2.3). */
export const QUOTED_BYTES = 548;
/** Offsets in an IPv4 header (RFC 791 section 3.1). */
const [TTL_AND_PROTOCOL, CHECKSUM] = [8, 10];
/** Internetwork control, as routers mark their errors (RFC 1812 section 4.3.2.5). */
const PRECEDENCE = 0xc0;
const ROUTER_TTL = 64;

/**
 * What the router `hop` answers to a packet whose TTL ends there: a whole datagram to the packet's sender, and its address. Undefined
 * where a router must not answer (RFC 1812 section 4.3.2.7): to an ICMP error, to a later fragment, to what is no IPv4.
 */
export function timeExceeded(
  dying: Uint8Array,
  hop: Ipv4,
): { readonly datagram: Uint8Array; readonly to: Ipv4 } | undefined {
  const packet = decodeIpv4(dying);
  if (!packet.ok || packet.value.fragmentOffset > 0) return undefined;
  const { src, protocol, payload } = packet.value;
  if (protocol === PROTOCOL.icmp) {
    const icmp = decodeIcmp(payload);
    if (!icmp.ok || icmp.value.kind !== "other") return undefined;
  }
  const error = encodeIcmpError({ kind: "time-exceeded", code: TIME_EXCEEDED.transit, quoted: asItArrived(dying) });
  const fields = { src: hop, dst: src, ttl: ROUTER_TTL, id: 0, tos: PRECEDENCE, protocol: PROTOCOL.icmp };
  return { datagram: encodeIpv4({ ...fields, payload: error }), to: src };
}

/** With a TTL of 1: what it had left when it came to the router where it ended. */
function asItArrived(dying: Uint8Array): Uint8Array {
  const quoted = dying.slice();
  const before = u16be(quoted, TTL_AND_PROTOCOL);
  const after = 0x100 | (before & 0xff);
  putU16be(quoted, TTL_AND_PROTOCOL, after);
  putU16be(quoted, CHECKSUM, updateChecksum(u16be(quoted, CHECKSUM), before, after));
  return quoted;
}
