import type { Fragment } from "../fragment.ts";
import type { NatModel } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";

/** Adding 2^31 modulo 2^32 is the same as turning the top bit over, and its own inverse. */
const TURN = "^ 0x80000000";
/** An ICMP error about a TCP segment behind an IP header without options: quoted version and length, then protocol. */
const QUOTES_TCP = "icmp type { time-exceeded, destination-unreachable } icmp code != 4 @th,64,8 0x45 @th,136,8 6";

/**
 * Shifts the inside hosts' sequence numbers by 2^31, as a middlebox that gives connections initial numbers of its own: on the way
 * out behind conntrack, on the way back before it, so that conntrack's windows stay consistent. The numbers also stand in
 * - selective acknowledgements, which are switched off by taking the permission out of SYNs;
 * - quotes of ICMP errors. A host ignores an error whose quoted number it never sent (tcp_v4_err()). nft updates no ICMP checksum;
 *   a header word that nobody reads (RFC 792: unused) takes the difference up instead.
 */
export function sequenceNumberRules({ sequenceNumbers }: NatModel, { outside }: GatewayPlace): Fragment {
  if (sequenceNumbers === "keep") return {};
  const incoming = `iifname "${outside}"`;
  return {
    nft: {
      ingress: [
        `${incoming} tcp flags & ack == ack tcp ackseq set tcp ackseq ${TURN}`,
        `${incoming} tcp flags & syn == syn reset tcp option sack-perm`,
        `${incoming} ${QUOTES_TCP} @th,256,8 & 0x80 == 0x80 @th,48,16 set 0x8000 @th,256,8 set @th,256,8 & 0x7f accept`,
        `${incoming} ${QUOTES_TCP} @th,48,16 set 0x7fff @th,256,8 set @th,256,8 | 0x80 accept`,
      ],
      last: [
        `oifname "${outside}" meta l4proto tcp tcp sequence set tcp sequence ${TURN}`,
        `oifname "${outside}" tcp flags & syn == syn reset tcp option sack-perm`,
      ],
    },
  };
}
