import { sameEndpoint } from "../../wire/address.ts";
import { refusalName } from "../nat/model.ts";
import { approachOf, arrivals, openedBefore, openingOf, passed, resetFor, type Approach } from "./approach.ts";
import type { Blockage } from "./outcome.ts";
import { beyondKept, gap, punchesOf, text, type Scene, type SideOfScene } from "./scene.ts";
import type { Segment } from "./sightings.ts";

/** A NAT's own stack answered the peer's SYN with RST (RFC 5382 REQ-4 forbids that). */
export function resetByNat(scene: Scene, side: SideOfScene): Blockage | undefined {
  for (const approach of approachOf(scene, side)) {
    const { at, name } = approach.hop;
    for (const syn of arrivals(scene, approach)) {
      const reset = resetFor(scene, approach, syn);
      if (!reset || passed(scene, approach, syn)) continue; // what passed was answered farther in
      const own = openingOf(scene, approach, syn);
      const opening = own
        ? `, ${gap(syn.atUs, own.atUs)} before ${side.hostName}'s own ${openerName(scene)} opened port ${own.src.port}`
        : "";
      const why = `${name} answered ${side.peer.toUpperCase()}'s ${openerName(scene)} from ${text(syn.src)} to ${text(syn.dst)} with RST ${gap(syn.atUs, reset.atUs)} after it arrived${opening}${policyOf(scene, approach)}`;
      return { cause: "reset-by-nat", at, atUs: reset.atUs, why };
    }
  }
  return undefined;
}

/** The peer's SYN came in through every NAT before the host had a socket for it: a filter that lets strangers in, or a mapping left over. */
export function resetByHost(
  { segments }: Scene,
  { side, hostName, peer, peerOutside }: SideOfScene,
): Blockage | undefined {
  const own = segments.filter(({ node }) => node === side);
  for (const syn of own) {
    if (syn.kind !== "syn" || syn.direction !== "in" || syn.src.ip !== peerOutside) continue;
    const reset = own.find(
      ({ kind, direction, atUs, src, dst }) =>
        kind === "rst" &&
        direction === "out" &&
        atUs >= syn.atUs &&
        sameEndpoint(src, syn.dst) &&
        sameEndpoint(dst, syn.src),
    );
    if (!reset) continue;
    const why = `${hostName} answered ${peer.toUpperCase()}'s SYN from ${text(syn.src)} to its port ${syn.dst.port} with RST ${gap(syn.atUs, reset.atUs)} after it arrived: the NAT let it in before ${hostName} had a socket there`;
    return { cause: "reset-by-host", at: side, atUs: reset.atUs, why };
  }
  return undefined;
}

/** Injected sockets send no SYN. */
const openerName = ({ technique }: Scene): string => (technique.name === "tcp-repair" ? "segment" : "SYN");

/** The axis that decides what becomes of a SYN that no mapping admits. */
function policyOf({ meeting }: Scene, { hop: { at, gateway } }: Approach): string {
  if (gateway.kind !== "nat") return "";
  const { hairpin, unsolicitedSyn } = gateway.model;
  return at === meeting && !hairpin ? "; hairpin=false" : `; unsolicitedSyn=${refusalName(unsolicitedSyn)}`;
}

/** The peer's SYN arrived at a NAT, and neither passed nor was answered. Of several that one is told of which met a SYN of the host's own. */
export function filtered(scene: Scene, side: SideOfScene): Blockage | undefined {
  if (side.side === "b" && tookTurns(scene)) return undefined;
  for (const approach of approachOf(scene, side)) {
    const { at, name } = approach.hop;
    const syns = arrivals(scene, approach);
    const [earliest] = syns;
    if (!earliest) return undefined; // it ended farther out
    if (syns.some((one) => passed(scene, approach, one))) continue;
    const syn = syns.find((one) => openedBefore(scene, approach, one)) ?? earliest;
    const all = syns.length + beyondKept(scene.evidence.captures[at], approach.from);
    const reason = whyFiltered(scene, { side, approach, syn });
    const why = `${name} dropped ${side.peer.toUpperCase()}'s ${openerName(scene)} from ${text(syn.src)} to ${text(syn.dst)} without an answer (${all} in all); ${reason}`;
    return { cause: "filtered", at, atUs: syn.atUs, why };
  }
  return undefined;
}

interface Dropped {
  readonly side: SideOfScene;
  readonly approach: Approach;
  readonly syn: Segment;
}

function whyFiltered(scene: Scene, { side: { hostName }, approach, syn }: Dropped): string {
  const { at, name, gateway } = approach.hop;
  const own = openedBefore(scene, approach, syn);
  if (own && gateway.kind === "nat" && gateway.model.crossingSyn === "refuse")
    return `${hostName}'s own SYN had left there for it ${gap(own.atUs, syn.atUs)} before, and ${name} lets no SYN in after it; crossingSyn=refuse`;
  const turnedBack = at === scene.meeting && gateway.kind === "nat" && !gateway.model.hairpin;
  return turnedBack ? "it has no hairpin" : "no mapping admitted it";
}

/** Whether A's SYN was only to open A's own NAT, and B, whose SYN counts, had its turn. */
function tookTurns(scene: Scene): boolean {
  const { name } = scene.technique;
  return (name === "stunt-2" || name === "sequential-open") && punchesOf(scene, scene.sides.b).length > 0;
}
