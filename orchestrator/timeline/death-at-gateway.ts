import { formatEndpoint, sameEndpoint, type Endpoint } from "../../wire/address.ts";
import { refusalName, type NatModel } from "../nat/model.ts";
import { answerOf, gap } from "./answer.ts";
import { name, type Death, type Fate } from "./fate.ts";
import type { Sighting } from "./journey.ts";
import { isOf, stateAt, type Kept } from "./mapping.ts";
import { isOpening, wayOf, type Icmp, type Tcp } from "./packet.ts";
import type { Surroundings } from "./surroundings.ts";

/** A packet came to a NAT, and none of its interfaces carried it on. */
export function deathAtGateway(last: Sighting, around: Surroundings): Fate {
  const { node, packet } = last;
  const answer = answerOf(last, around);
  if (answer) return answer;
  const unknown = (why: string): Fate => ({
    kind: "unknown",
    at: node,
    why: `${name(node)} passed it no further, ${why}`,
  });
  const gateway = around.gateways.get(node);
  if (packet.kind === "malformed" || packet.kind === "other") return unknown("and nothing shows why");
  if (packet.ttl <= 1) {
    const why = `its TTL ended at ${name(node)}, of which no ICMP time-exceeded was seen`;
    return { kind: "died", at: node, by: "ttl", why };
  }
  if (gateway?.kind === "router") return unknown("and it is a plain router");
  const kept = around.kept.get(node);
  if (!kept || kept.length === 0) return unknown("and its conntrack tells nothing");
  const model = gateway?.model;
  const beyond = around.record.eventsBeyond ?? 0;
  if (packet.kind === "tcp" && beyond > 0 && !kept.some((one) => isOf(one, packet.from, packet.to))) {
    const own = model?.crossingSyn === "refuse" ? ownSyn(packet, last, around) : undefined;
    if (!own) return unknown(`and ${beyond} events of the NATs' conntrack were counted and not kept`);
    const why = `${name(node)} let the host's own SYN out ${gap(own.atUs, last.atUs)} before, and lets no SYN in after it; crossingSyn=refuse`;
    return { kind: "died", at: node, by: "filter", why };
  }
  const [by, why] =
    packet.kind === "icmp" ? ofError(packet, kept, last, model) : ofSegment(packet, kept, { last, around, model });
  return { kind: "died", at: node, by, why };
}

/** The SYN that had left for where a SYN from outside comes from. */
function ownSyn(packet: Tcp, { node, iface, atUs }: Sighting, { synsBy }: Surroundings): Sighting | undefined {
  if (!isOpening(packet)) return undefined;
  const back = wayOf({ from: packet.to, to: packet.from });
  return synsBy.get(`${node} ${back}`)?.find((own) => own.iface === iface && own.atUs < atUs);
}

type Reason = readonly [Death, string];

function ofError(
  { error, quoted }: Icmp,
  kept: readonly Kept[],
  { node }: Sighting,
  model: NatModel | undefined,
): Reason {
  const { transport, src, dst } = quoted;
  if (transport.kind === "none") return ["filter", `${name(node)} knows no connection that the error would be about`];
  const [from, to] = [
    { ip: src, port: transport.srcPort },
    { ip: dst, port: transport.dstPort },
  ];
  const about = kept.some((one) => isOf(one, from, to));
  if (!about) return ["filter", `${name(node)} never kept the connection that the error is about`];
  const axis = model && error === "time-exceeded" ? `; timeExceeded=${model.timeExceeded}` : "";
  return ["filter", `${name(node)} passes no ICMP ${error} on to the host${axis}`];
}

interface Setting {
  readonly last: Sighting;
  readonly around: Surroundings;
  readonly model: NatModel | undefined;
}

function ofSegment(packet: Tcp, kept: readonly Kept[], { last, around, model }: Setting): Reason {
  const { node, atUs, iface } = last;
  const who = name(node);
  if (packet.via !== undefined && !around.routing.has(node))
    return ["source-route", `${who} forwarded no packet with a source route`];
  const live = kept.filter(({ fromUs, toUs }) => fromUs <= atUs && atUs <= toUs);
  const opening = isOpening(packet);
  const own = live.find((one) => isOf(one, packet.from, packet.to));
  if (own) {
    const held = `${who} kept this connection, last told as ${stateAt(own, atUs)},`;
    if (iface === "out" && opening && model?.crossingSyn === "refuse")
      return ["filter", `${held} and lets no SYN in after the host's own; crossingSyn=refuse`];
    const axis = iface === "out" ? "" : axisOf(model, "outOfState");
    return ["out-of-state", `${held} and took the segment for out of state${axis}`];
  }
  if (iface !== "out" && !ownsAddress(kept, packet.to)) {
    if (!opening) return ["out-of-state", `${who} kept no connection from ${text(packet.from)} to ${text(packet.to)}`];
    return ["no-mapping", `${who} opened no mapping for it: no outside port or session was free`];
  }
  return ["filter", whyNotAdmitted(packet, kept, { last, around, model })];
}

/** A gateway's outside address is that to which answers come. */
const ownsAddress = (kept: readonly Kept[], { ip }: Endpoint): boolean => kept.some(({ reply }) => reply.dst.ip === ip);

function whyNotAdmitted(packet: Tcp, kept: readonly Kept[], { last: { node, atUs, iface }, model }: Setting): string {
  const { from, to } = packet;
  const at = kept.filter(({ reply }) => sameEndpoint(reply.dst, to));
  const live = at.filter(({ fromUs, toUs }) => fromUs <= atUs && atUs <= toUs);
  const later = at.find(({ fromUs, reply }) => fromUs > atUs && sameEndpoint(reply.src, from));
  const gone = at.findLast(({ toUs }) => toUs < atUs);
  const axis = iface !== "out" ? axisOf(model, "hairpin") : isOpening(packet) ? axisOf(model, "unsolicitedSyn") : "";
  const others = [...new Set(live.map(({ reply }) => text(reply.src)))];
  const towards = `${others.slice(0, 2).join(", ")}${others.length > 2 ? ` and ${others.length - 2} more` : ""}`;
  const what =
    others.length > 0
      ? `${name(node)} had ${text(to)} open towards ${towards} only`
      : `${name(node)} had no mapping at ${text(to)}`;
  if (later) return `${what}; one was opened ${gap(atUs, later.fromUs)} later${axis}`;
  return gone && others.length === 0 ? `${what} any more: it ended ${gap(gone.toUs, atUs)} before${axis}` : what + axis;
}

/** The axis of the NAT's model that decided, where the model is known. */
function axisOf(model: NatModel | undefined, axis: "outOfState" | "unsolicitedSyn" | "hairpin"): string {
  if (!model || !(axis in model)) return "";
  return `; ${axis}=${axis === "unsolicitedSyn" ? refusalName(model.unsolicitedSyn) : model[axis]}`;
}

const text = formatEndpoint;
