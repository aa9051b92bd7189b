import { sameEndpoint } from "../../wire/address.ts";
import type { FailureCode } from "../../wire/control.ts";
import { refusalName } from "../nat/model.ts";
import { SIDES } from "../plan/shape.ts";
import { approachOf, arrivals, openingOf, passed, resetFor, type Approach } from "./approach.ts";
import type { Blockage } from "./outcome.ts";
import { noCollision, spoofFiltered, turnedAway } from "./forged.ts";
import { gap, mappingsOf, punchesOf, text, type Hop, type Scene, type SideOfScene } from "./scene.ts";
import type { Segment } from "./sightings.ts";

/** How an attempt ends whose first try an ICMP error ended, where the technique tries again. */
const ENDED_LATER: readonly FailureCode[] = ["deadline", "peer-failed"];

type Finder = (scene: Scene, side: SideOfScene) => Blockage | undefined;

/**
 * Nearest to the sender first. A wrong prediction and a RST both strike where the two sides' SYNs meet: of these, what struck
 * first counts, because a SYN that was already refused cannot miss any more.
 */
const STAGES: readonly (readonly Finder[])[] = [
  [killedByIcmp],
  [portExhausted],
  [noCollision],
  [mispredicted, resetByNat, resetByHost],
  [spoofFiltered, turnedAway],
  [filtered],
];

/** The cause that counts among those the evidence shows; undefined when it shows none. */
export function findBlockage(scene: Scene): Blockage | undefined {
  for (const finders of STAGES) {
    const found = finders.flatMap((find) => SIDES.flatMap((side) => find(scene, scene.sides[side]) ?? []));
    const [first] = found.toSorted((one, other) => one.atUs - other.atUs);
    if (first) return first;
  }
  return undefined;
}

/**
 * The host's connect() died of an ICMP error that its own capture shows (tcp_v4_err(); assumption 2). A technique that tries again ends
 * at its deadline instead: what ended its first try spoiled the mappings for the later ones.
 */
function killedByIcmp(scene: Scene, side: SideOfScene): Blockage | undefined {
  const attempt = scene.evidence.attempts[side.side];
  if (attempt.ok) return undefined;
  const triesAgain = scene.technique.name === "simultaneous-open";
  if (attempt.failure !== "icmp-leak" && !(triesAgain && ENDED_LATER.includes(attempt.failure))) return undefined;
  for (const syn of punchesOf(scene, side)) {
    const error = scene.icmp.find(
      ({ node, direction, src, atUs }) =>
        node === side.side && direction === "in" && atUs >= syn.atUs && sameEndpoint(src, syn.src),
    );
    if (!error) continue;
    const { hostName } = side;
    const words = attempt.failure === "icmp-leak" ? `: ${attempt.detail}` : "";
    const why = `${error.from} answered ${hostName}'s SYN to ${text(syn.dst)} (TTL ${syn.ttl}) with ICMP ${error.kind}, which reached ${hostName} ${gap(syn.atUs, error.atUs)} after the SYN left and ended its connect()${words}`;
    return { cause: "icmp-killed-connect", at: side.side, atUs: error.atUs, why };
  }
  return undefined;
}

/** A SYN went into a NAT and none came out: there was no outside port to give it. */
function portExhausted({ segments }: Scene, { hops, hostName }: SideOfScene): Blockage | undefined {
  for (const { at, name, inner, outside } of hops) {
    const syns = segments.filter(({ node, kind }) => node === at && kind === "syn");
    const entered = syns.filter(
      // what is meant for the NAT's own outside is no matter of outside ports alone
      ({ iface, direction, ttl, dst }) => iface === inner && direction === "in" && ttl > 1 && dst.ip !== outside,
    );
    // under whatever address: one that conntrack calls invalid leaves un-NATed, but leave it does
    const left = syns.filter(({ iface, direction }) => iface === "out" && direction === "out");
    const [inside, beyond] = [portsBySyn(entered), portsBySyn(left)];
    const stuck = entered.find((syn) => {
      const [before, after] = [inside.get(synKey(syn))?.size ?? 0, beyond.get(synKey(syn))?.size ?? 0];
      return before > 1 ? after * 2 < before : after === 0; // a flood may lose a few to clashes
    });
    if (!stuck) continue;
    const [before, after] = [inside.get(synKey(stuck))?.size ?? 0, beyond.get(synKey(stuck))?.size ?? 0];
    const what =
      before > 1 ? `${before - after} of ${hostName}'s ${before} SYNs` : `${hostName}'s SYN from ${text(stuck.src)}`;
    const why = `${what} to ${text(stuck.dst)} entered ${name} and never left it: no outside port was free`;
    return { cause: "port-exhausted", at, atUs: stuck.atUs, why };
  }
  return undefined;
}

/** Translation keeps the destination and (but for half its range) the sequence number of a SYN; a flood's SYNs share both. */
const synKey = ({ dst, seq }: Segment): string => `${text(dst)} ${seq % 2 ** 31}`;

/** From which ports each SYN was sent. */
function portsBySyn(syns: readonly Segment[]): ReadonlyMap<string, ReadonlySet<number>> {
  const ports = new Map<string, Set<number>>();
  for (const syn of syns) {
    const known = ports.get(synKey(syn)) ?? new Set();
    ports.set(synKey(syn), known.add(syn.src.port));
  }
  return ports;
}

/** The peer aimed at a port that this side's NATs did not give to the connection. */
function mispredicted(scene: Scene, side: SideOfScene): Blockage | undefined {
  const { outermost, hostName, peer } = side;
  const mappings = mappingsOf(scene, side, outermost);
  const [own] = punchesOf(scene, side);
  const aimed = punchesOf(scene, scene.sides[peer]);
  const [target, mapping] = [aimed[0], mappings[0]];
  if (!own || !target || !mapping) return undefined;
  if (aimed.some(({ dst }) => mappings.some((other) => sameEndpoint(dst, other)))) return undefined;
  const culprit = unpredictable(side);
  const [earlier] = culprit === outermost ? [] : mappingsOf(scene, side, culprit);
  const through = earlier ? `: ${culprit.name} had given it ${earlier.port}` : "";
  const why = `${outermost.name} gave ${hostName}'s SYN the outside port ${mapping.port}, but it was predicted to be ${target.dst.port}${through}${suspect(scene, side)}`;
  return { cause: "mapping-mispredicted", at: culprit.at, atUs: Math.max(own.atUs, target.atUs), why };
}

/** Of several NATs on one path, the outermost that does not always give one inside endpoint the same port. */
function unpredictable({ hops, outermost }: SideOfScene): Hop {
  const changing = hops.findLast(
    ({ gateway }) => gateway.kind === "nat" && gateway.model.mapping !== "endpoint-independent",
  );
  return changing ?? outermost;
}

function suspect({ evidence, meeting }: Scene, { side, peer }: SideOfScene): string {
  const { [side]: own = 0, [peer]: others = 0 } = evidence.neighbourOpened ?? {};
  const opened = own + (meeting ? others : 0); // neighbours of both sides take ports of the NAT that they share
  return opened > 0 ? `; a neighbour opened ${opened} connections meanwhile` : "";
}

/** A NAT's own stack answered the peer's SYN with RST (RFC 5382 REQ-4 forbids that). */
function resetByNat(scene: Scene, side: SideOfScene): Blockage | undefined {
  for (const approach of approachOf(scene, side)) {
    const { at, name } = approach.hop;
    for (const syn of arrivals(scene, approach)) {
      const reset = resetFor(scene, approach, syn);
      if (!reset || passed(scene, approach, syn)) continue; // what passed was answered farther in
      const own = openingOf(scene, approach, syn);
      const opening = own
        ? `, ${gap(syn.atUs, own.atUs)} before ${side.hostName}'s own SYN opened port ${own.src.port}`
        : "";
      const why = `${name} answered ${side.peer.toUpperCase()}'s SYN from ${text(syn.src)} to ${text(syn.dst)} with RST ${gap(syn.atUs, reset.atUs)} after it arrived${opening}${policyOf(scene, approach)}`;
      return { cause: "reset-by-nat", at, atUs: reset.atUs, why };
    }
  }
  return undefined;
}

/** The peer's SYN came in through every NAT before the host had a socket for it: a filter that lets strangers in, or a mapping left over. */
function resetByHost({ segments }: Scene, { side, hostName, peer, peerOutside }: SideOfScene): Blockage | undefined {
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

/** The axis that decides what becomes of a SYN that no mapping admits. */
function policyOf({ meeting }: Scene, { hop: { at, gateway } }: Approach): string {
  if (gateway.kind !== "nat") return "";
  const { hairpin, unsolicitedSyn } = gateway.model;
  return at === meeting && !hairpin ? "; hairpin=false" : `; unsolicitedSyn=${refusalName(unsolicitedSyn)}`;
}

/** The peer's SYN arrived at a NAT, and neither passed nor was answered. */
function filtered(scene: Scene, side: SideOfScene): Blockage | undefined {
  for (const approach of approachOf(scene, side)) {
    const { at, name, gateway } = approach.hop;
    const syns = arrivals(scene, approach);
    const [syn] = syns;
    if (!syn) return undefined; // it ended farther out
    if (passed(scene, approach, syn)) continue;
    const turnedBack = at === scene.meeting && gateway.kind === "nat" && !gateway.model.hairpin;
    const reason = turnedBack ? "it has no hairpin" : "no mapping admitted it";
    const why = `${name} dropped ${side.peer.toUpperCase()}'s SYN from ${text(syn.src)} to ${text(syn.dst)} without an answer (${syns.length} in all); ${reason}`;
    return { cause: "filtered", at, atUs: syn.atUs, why };
  }
  return undefined;
}
