import { sameEndpoint } from "../../wire/address.ts";
import type { NodeId } from "../../wire/control.ts";
import { ADDRESS } from "../plan/addresses.ts";
import type { Cause } from "./outcome.ts";
import { SIDES, gap, mappingsOf, punchesOf, text, type Scene, type SideOfScene } from "./scene.ts";
import type { Segment } from "./sightings.ts";

/** A cause with where and when it struck, and the sentence that says so with addresses and times. */
export interface Blockage {
  readonly cause: Cause;
  readonly at: NodeId;
  readonly atUs: number;
  readonly why: string;
}

type Finder = (scene: Scene, side: SideOfScene) => Blockage | undefined;

/**
 * Nearest to the sender first. A wrong prediction and a RST both strike where the two sides' SYNs meet: of these, what struck
 * first counts, because a SYN that was already refused cannot miss any more.
 */
const STAGES: readonly (readonly Finder[])[] = [
  [killedByIcmp],
  [portExhausted],
  [noCollision],
  [mispredicted, resetByNat],
  [spoofFiltered],
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

/** The host's connect() died of an ICMP error that its own capture shows (tcp_v4_err(); assumption 2). */
function killedByIcmp(scene: Scene, side: SideOfScene): Blockage | undefined {
  const attempt = scene.evidence.attempts[side.side];
  if (attempt.ok || attempt.failure !== "icmp-leak") return undefined;
  for (const syn of punchesOf(scene, side)) {
    const error = scene.icmp.find(
      ({ node, direction, src, atUs }) =>
        node === side.side && direction === "in" && atUs >= syn.atUs && sameEndpoint(src, syn.src),
    );
    if (!error) continue;
    const { hostName } = side;
    const why = `${error.from} answered ${hostName}'s SYN to ${text(syn.dst)} (TTL ${syn.ttl}) with ICMP ${error.kind}, which reached ${hostName} ${gap(syn.atUs, error.atUs)} after the SYN left and ended its connect(): ${attempt.detail}`;
    return { cause: "icmp-killed-connect", at: side.side, atUs: error.atUs, why };
  }
  return undefined;
}

/** A SYN went into the NAT and none came out: there was no outside port to give it. */
function portExhausted({ segments }: Scene, { nat, natName, hostName, outside }: SideOfScene): Blockage | undefined {
  const syns = segments.filter(({ node, kind }) => node === nat && kind === "syn");
  const entered = syns.filter(({ iface, direction, ttl }) => iface === "in" && direction === "in" && ttl > 1);
  const left = syns.filter(({ iface, direction, src }) => iface === "out" && direction === "out" && src.ip === outside);
  const [inside, beyond] = [portsBySyn(entered), portsBySyn(left)];
  const stuck = entered.find((syn) => {
    const [before, after] = [inside.get(synKey(syn))?.size ?? 0, beyond.get(synKey(syn))?.size ?? 0];
    return before > 1 ? after * 2 < before : after === 0; // a flood may lose a few to clashes
  });
  if (!stuck) return undefined;
  const [before, after] = [inside.get(synKey(stuck))?.size ?? 0, beyond.get(synKey(stuck))?.size ?? 0];
  const what =
    before > 1 ? `${before - after} of ${hostName}'s ${before} SYNs` : `${hostName}'s SYN from ${text(stuck.src)}`;
  const why = `${what} to ${text(stuck.dst)} entered ${natName} and never left it: no outside port was free`;
  return { cause: "port-exhausted", at: nat, atUs: stuck.atUs, why };
}

/** Translation keeps the destination and the sequence number of a SYN; a flood's SYNs share both. */
const synKey = ({ dst, seq }: Segment): string => `${text(dst)} ${seq}`;

/** From which ports each SYN was sent. */
function portsBySyn(syns: readonly Segment[]): ReadonlyMap<string, ReadonlySet<number>> {
  const ports = new Map<string, Set<number>>();
  for (const syn of syns) {
    const known = ports.get(synKey(syn)) ?? new Set();
    ports.set(synKey(syn), known.add(syn.src.port));
  }
  return ports;
}

/** Birthday: every forged SYN+ACK arrived at a closed port of the NAT. */
function noCollision(scene: Scene, side: SideOfScene): Blockage | undefined {
  const attempt = scene.evidence.attempts[side.side];
  if (attempt.ok || attempt.failure !== "no-collision") return undefined;
  // X's own handshakes arrive there as well
  const arrived = scene.segments.filter(
    ({ node, iface, direction, kind, src }) =>
      node === side.nat && iface === "out" && direction === "in" && kind === "syn-ack" && src.ip === side.peerOutside,
  );
  const [first] = arrived;
  const passed = scene.segments.some(
    ({ node, direction, kind, src }) =>
      node === side.side && direction === "in" && kind === "syn-ack" && src.ip === side.peerOutside,
  );
  if (!first || passed) return undefined;
  const sent = new Set(punchesOf(scene, side).map(({ src }) => src.port)).size;
  const why = `${sent} SYNs opened ${side.natName} and ${arrived.length} forged SYN+ACKs reached it, none of them at an open port`;
  return { cause: "no-collision", at: side.nat, atUs: first.atUs, why };
}

/** The peer aimed at a port that this NAT did not give to the connection. */
function mispredicted(scene: Scene, side: SideOfScene): Blockage | undefined {
  const { natName, nat, hostName, peer } = side;
  const mappings = mappingsOf(scene, side);
  const [own] = punchesOf(scene, side);
  const aimed = punchesOf(scene, scene.sides[peer]);
  const [target, mapping] = [aimed[0], mappings[0]];
  if (!own || !target || !mapping) return undefined;
  if (aimed.some(({ dst }) => mappings.some((other) => sameEndpoint(dst, other)))) return undefined;
  const noise = scene.evidence.neighbourOpened;
  const suspect = noise && side.side === "a" ? `; a neighbour opened ${noise} connections meanwhile` : "";
  const why = `${natName} gave ${hostName}'s SYN the outside port ${mapping.port}, but it was predicted to be ${target.dst.port}${suspect}`;
  return { cause: "mapping-mispredicted", at: nat, atUs: Math.max(own.atUs, target.atUs), why };
}

/** This NAT's own stack answered the peer's SYN with RST (RFC 5382 REQ-4 forbids that). */
function resetByNat(scene: Scene, side: SideOfScene): Blockage | undefined {
  const { nat, natName, outside, peer, gateway } = side;
  for (const syn of arrivals(scene, side)) {
    const reset = scene.segments.find(
      ({ node, iface, direction, kind, src, dst, atUs }) =>
        node === nat &&
        iface === "out" &&
        direction === "out" &&
        kind === "rst" &&
        atUs >= syn.atUs &&
        sameEndpoint(src, syn.dst) &&
        sameEndpoint(dst, syn.src),
    );
    if (!reset || reset.src.ip !== outside) continue;
    const policy = gateway.kind === "nat" ? `; unsolicitedSyn=${gateway.model.unsolicitedSyn}` : "";
    const why = `${natName} answered ${peer.toUpperCase()}'s SYN from ${text(syn.src)} to ${text(syn.dst)} with RST ${gap(syn.atUs, reset.atUs)} after it arrived${opening(scene, side, syn)}${policy}`;
    return { cause: "reset-by-nat", at: nat, atUs: reset.atUs, why };
  }
  return undefined;
}

/** How much later this side's own SYN opened the port that the peer's SYN found closed. */
function opening(scene: Scene, side: SideOfScene, syn: Segment): string {
  const own = scene.segments.find(
    ({ node, iface, direction, kind, src, atUs }) =>
      node === side.nat &&
      iface === "out" &&
      direction === "out" &&
      kind === "syn" &&
      atUs > syn.atUs &&
      sameEndpoint(src, syn.dst),
  );
  return own ? `, ${gap(syn.atUs, own.atUs)} before ${side.hostName}'s own SYN opened port ${own.src.port}` : "";
}

/** X sent forged packets and none of them came past the core (BCP 38). */
function spoofFiltered({ segments }: Scene): Blockage | undefined {
  const forged = segments.filter(
    ({ node, direction, src }) => node === "x" && direction === "out" && src.ip !== ADDRESS.x,
  );
  const [first] = forged;
  const arrived = segments.some(
    ({ node, iface, direction, kind, src }) =>
      (node === "na" || node === "nb") &&
      iface === "out" &&
      direction === "in" &&
      kind === "syn-ack" &&
      src.ip !== ADDRESS.x,
  );
  // X's own packets share the way: one that arrived later shows that the forged ones are not just on their way
  const followed = segments.some(
    ({ node, iface, direction, src, atUs }) =>
      (node === "na" || node === "nb") &&
      iface === "out" &&
      direction === "in" &&
      src.ip === ADDRESS.x &&
      atUs > (first?.atUs ?? 0),
  );
  if (!first || arrived || !followed) return undefined;
  return {
    cause: "spoof-filtered",
    at: "r",
    atUs: first.atUs,
    why: `X sent ${forged.length} packets under ${first.src.ip}, and none of them arrived at a NAT`,
  };
}

/** The peer's SYN arrived at this NAT, and neither passed nor was answered. */
function filtered(scene: Scene, side: SideOfScene): Blockage | undefined {
  const { nat, natName, peer } = side;
  const syns = arrivals(scene, side);
  const [syn] = syns;
  if (!syn) return undefined;
  const passed = scene.segments.some(
    ({ node, iface, direction, kind, seq }) =>
      node === nat && iface === "in" && direction === "out" && kind === "syn" && seq === syn.seq,
  );
  if (passed) return undefined;
  const why = `${natName} dropped ${peer.toUpperCase()}'s SYN from ${text(syn.src)} to ${text(syn.dst)} without an answer (${syns.length} in all); no mapping admitted it`;
  return { cause: "filtered", at: nat, atUs: syn.atUs, why };
}

/** The peer's SYNs that reached the outside of this NAT, in order of time. */
function arrivals({ segments }: Scene, { nat, outside, peerOutside }: SideOfScene): readonly Segment[] {
  return segments.filter(
    ({ node, iface, direction, kind, src, dst }) =>
      node === nat &&
      iface === "out" &&
      direction === "in" &&
      kind === "syn" &&
      src.ip === peerOutside &&
      dst.ip === outside,
  );
}
