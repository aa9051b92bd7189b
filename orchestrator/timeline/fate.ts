import type { NodeId } from "../../wire/control.ts";
import { KEPT_PER_FAN, KEPT_PER_FLOW, type FanTotal } from "../../wire/evidence.ts";
import { TCP_FLAG } from "../../wire/tcp.ts";
import { deathAtCore } from "./death-at-core.ts";
import { deathAtGateway } from "./death-at-gateway.ts";
import type { Journey, Sighting } from "./journey.ts";
import { linksOf, type LinkEnd } from "./links.ts";
import type { Surroundings } from "./surroundings.ts";

/** What a packet died of. */
export type Death =
  | "ttl" // its time to live ended
  | "reset" // answered with RST by the node where it ended
  | "no-route" // nobody routes to its destination
  | "icmp" // answered with an ICMP error by the node where it ended
  | "filter" // a NAT had no mapping that would admit it
  | "out-of-state" // it did not fit the connection that a NAT kept, or there was none
  | "no-mapping" // a NAT opened no mapping for it
  | "source-route" // a router that forwards no source routes
  | "anti-spoofing" // its source address cannot be where it came from
  | "x-cut" // X's link was cut
  | "core-loss"; // the core loses packets on purpose

/** How a packet's way ended, and what shows it. */
export type Fate =
  | { readonly kind: "arrived" }
  | { readonly kind: "died"; readonly at: NodeId; readonly by: Death; readonly why: string }
  /** The evidence does not decide; `why` says what is missing. */
  | { readonly kind: "unknown"; readonly at: NodeId; readonly why: string };

const HOSTS: readonly NodeId[] = ["a", "b", "x", "a2", "b2"];
/** The captures of a world do not end at one and the same moment. */
const END_US = 20_000;
const CORE_END_US = 1_000_000;

export function fateOf({ sightings }: Journey, around: Surroundings): Fate {
  const last = sightings.at(-1)!;
  const { node, direction } = last;
  if (direction === "in" && HOSTS.includes(node)) return { kind: "arrived" };
  const next = direction === "out" ? acrossFrom(last, around) : node;
  const certain = direction === "in" ? deathOf(last, around) : undefined;
  if (certain?.kind === "died" && ANSWERED.includes(certain.by)) return certain;
  const gap = gapOf(last, next, around);
  if (gap) return { kind: "unknown", at: node, why: gap };
  if (certain) return certain;
  const why = `it left ${name(node)} by ${last.iface} and was not seen at ${name(next)}`;
  return { kind: "unknown", at: node, why };
}

/** Deaths that do not rest on a packet's absence alone. */
const ANSWERED: readonly Death[] = ["reset", "icmp", "ttl"];

function deathOf(last: Sighting, around: Surroundings): Fate {
  return last.node === "r" ? deathAtCore(last, around) : deathAtGateway(last, around);
}

/** Why nothing can be concluded from a packet's absence at the next place; undefined where it can. */
function gapOf({ iface, direction, atUs, packet }: Sighting, next: NodeId, around: Surroundings): string | undefined {
  const { record } = around;
  const capture = record.captures[next];
  if (!capture) return `there is no capture of ${name(next)}`;
  if (hadEnded(next, { direction, atUs }, around)) return "it was still on its way when the capture ended";
  if (packet.kind === "tcp" && (packet.flags & (TCP_FLAG.syn | TCP_FLAG.fin | TCP_FLAG.rst)) === 0) {
    const { from, to } = packet;
    const counted = capture.flows.some(
      (flow) =>
        flow.packets > KEPT_PER_FLOW &&
        (direction === "in" ? flow.direction === "out" && flow.iface !== iface : flow.direction === "in") &&
        [from.port, to.port].some((port) => port === flow.src.port || port === flow.dst.port),
    );
    if (counted) return `bulk data: of a flow ${name(next)} keeps ${KEPT_PER_FLOW} packets and counts the rest`;
  }
  if (capture.fans?.some((fan) => isOfFan(fan, { packet, iface, direction })))
    return `of packets that differ in nothing but ports ${name(next)} keeps ${KEPT_PER_FAN} and counts the rest`;
  const { lost, sentinels } = capture;
  if (sentinels && sentinels.seen < sentinels.sent)
    return `the capture of ${name(next)} missed ${sentinels.sent - sentinels.seen} of its sentinels: it was not live, or not read to its end`;
  return lost > 0 ? `${lost} packets are missing from the capture of ${name(next)}` : undefined;
}

/** Whether the next place counted packets like this one, and kept no more of them: there, where it would have come in or gone out. */
function isOfFan(
  fan: FanTotal,
  { packet, iface, direction }: Pick<Sighting, "packet" | "iface" | "direction">,
): boolean {
  if (packet.kind === "malformed" || fan.packets <= KEPT_PER_FAN) return false;
  const { syn, fin, rst, ack } = TCP_FLAG;
  const alike = packet.kind === "tcp" ? fan.kind === (packet.flags & (syn | fin | rst | ack)) : fan.protocol !== TCP;
  if (!alike) return false;
  if (direction === "out") return fan.direction === "in" && fan.src === packet.src && fan.dst === packet.dst;
  return fan.direction === "out" && fan.iface !== iface && (fan.src === packet.src || fan.dst === packet.dst);
}

const TCP = 6;

/** Whether the next place may have seen nothing more, because its capture had ended. */
function hadEnded(
  next: NodeId,
  { direction, atUs }: Pick<Sighting, "direction" | "atUs">,
  around: Surroundings,
): boolean {
  const { endUs, delayUs, lastSeenUs, lastPassedUs } = around;
  if (direction === "out") return !((lastSeenUs.get(next) ?? -Infinity) > atUs); // a link loses nothing
  // a NAT's kernel forwards at once; what crosses R waits for R's agent, which is slow on a busy machine
  const [windowUs, lastUs] =
    next === "r" ? [CORE_END_US + delayUs, lastPassedUs.get(next)] : [END_US, lastSeenUs.get(next)];
  return endUs - atUs < windowUs && !((lastUs ?? -Infinity) > atUs);
}

function acrossFrom({ node, iface }: Sighting, { record }: Surroundings): NodeId {
  const end = linksOf(Object.keys(record.captures) as NodeId[]).get(`${node}:${iface}` as LinkEnd);
  return (end?.split(":")[0] ?? node) as NodeId;
}

/** `NA`: as sentences name a node. */
export const name = (node: NodeId): string => node.toUpperCase();
