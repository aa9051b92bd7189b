import { TCP_FLAG } from "../../wire/tcp.ts";
import { ADDRESS } from "../plan/addresses.ts";
import { name, type Fate } from "./fate.ts";
import type { Sighting } from "./journey.ts";
import { wayOf, type Icmp, type Packet, type Tcp } from "./packet.ts";
import type { Surroundings } from "./surroundings.ts";

/** The death of a packet that the node where it ended answered with an ICMP error or a RST of its own. */
export function answerOf({ node, packet, atUs }: Sighting, around: Surroundings): Fate | undefined {
  const error = around.errorsBy.get(node)?.find((one) => one.atUs >= atUs && quotes(one.packet, packet));
  if (error) {
    const { packet: answer, atUs: answeredUs } = error;
    const after = gap(atUs, answeredUs);
    const by = answer.error === "time-exceeded" ? "ttl" : "icmp";
    const hop = node === "r" && !R_ADDRESSES.includes(answer.src) ? ` from ${answer.src}` : "";
    const why = `${name(node)} answered with ICMP ${answer.error}${answer.code ? ` (code ${answer.code})` : ""}${hop} ${after} later`;
    return { kind: "died", at: node, by, why };
  }
  if (packet.kind !== "tcp") return undefined;
  const back = wayOf({ from: packet.to, to: packet.from });
  const reset = around.resetsBy.get(`${node} ${back}`)?.find((one) => one.atUs >= atUs && refuses(one.packet, packet));
  if (!reset) return undefined;
  return { kind: "died", at: node, by: "reset", why: `${name(node)} answered with RST ${gap(atUs, reset.atUs)} later` };
}

function quotes({ quoted }: Icmp, packet: Packet): boolean {
  if (packet.kind === "malformed" || quoted.id !== packet.id) return false;
  if (packet.kind !== "tcp") return quoted.protocol === (packet.kind === "icmp" ? ICMP : packet.protocol);
  return quoted.transport.kind === "tcp" && quoted.transport.seq % 2 ** 31 === packet.seq % 2 ** 31;
}

const ICMP = 1;

/** R answers under another address for a router between it and a NAT. */
const R_ADDRESSES: readonly string[] = [ADDRESS.rTowardsNa, ADDRESS.rTowardsNb, ADDRESS.rTowardsX];

/** The sequence number of a RST is what the segment acknowledged; without an acknowledgement the RST acknowledges it (RFC 9293 section 3.5.2). */
function refuses(reset: Tcp, { seq, ack, flags, payloadBytes }: Tcp): boolean {
  if (flags & TCP_FLAG.ack) return reset.seq === ack;
  const length = payloadBytes + (flags & TCP_FLAG.syn ? 1 : 0) + (flags & TCP_FLAG.fin ? 1 : 0);
  return reset.ack === (seq + length) % 2 ** 32;
}

/** `3.1 ms` */
export function gap(fromUs: number, toUs: number): string {
  return `${((toUs - fromUs) / 1000).toFixed(1)} ms`;
}
