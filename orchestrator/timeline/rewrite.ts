import { formatEndpoint } from "../../wire/address.ts";
import type { NodeId } from "../../wire/control.ts";
import type { Journey, Sighting } from "./journey.ts";

/** What a router or NAT changed in a packet that it passed on. */
export interface Rewrite {
  readonly at: NodeId;
  readonly field: "src" | "dst" | "seq" | "ack" | "ttl";
  readonly from: string;
  readonly to: string;
}

/** Every change on a packet's way, in order; a link changes nothing. */
export function rewritesOf({ sightings }: Journey): readonly Rewrite[] {
  return sightings.slice(1).flatMap((after, index) => changes(sightings[index]!, after));
}

function changes(before: Sighting, after: Sighting): readonly Rewrite[] {
  if (before.node !== after.node) return [];
  const [was, is] = [valuesOf(before), valuesOf(after)];
  const fields = Object.keys(was) as Rewrite["field"][];
  return fields
    .filter((field) => was[field] !== is[field])
    .map((field) => ({ at: after.node, field, from: was[field] ?? "", to: is[field] ?? "" }));
}

function valuesOf({ packet }: Sighting): Partial<Record<Rewrite["field"], string>> {
  if (packet.kind === "malformed") return {};
  const ttl = String(packet.ttl);
  if (packet.kind !== "tcp") return { src: packet.src, dst: packet.dst, ttl };
  const { from, to, seq, ack } = packet;
  return { src: formatEndpoint(from), dst: formatEndpoint(to), seq: String(seq), ack: String(ack), ttl };
}
