import { formatEndpoint, type Endpoint } from "../../wire/address.ts";
import { KEPT_PER_FAN } from "../../wire/evidence.ts";
import type { Capture, Evidence } from "../evidence/types.ts";
import type { Gateway } from "../nat/model.ts";
import { ADDRESS } from "../plan/addresses.ts";
import { gatewaysOf, layersOf, outsideOf, shapeOf, type GatewayId, type Side } from "../plan/shape.ts";
import type { Cell } from "../scenario/cell.ts";
import { sightingsOf, type Segment, type Sightings } from "./sightings.ts";

/** What a verdict has to know of a cell. */
export type JudgedCell = Pick<Cell, "na" | "nb" | "carrier" | "technique">;

/** A gateway on one side's way to the core. */
export interface Hop {
  readonly at: GatewayId;
  /** `NA`: as sentences name it. */
  readonly name: string;
  readonly gateway: Gateway;
  /** Its interface towards the host. */
  readonly inner: "in" | "in2";
  /** Address under which it sees the host: that of the gateway before it, or the host's own. */
  readonly inside: string;
  readonly outside: string;
}

/** One side of the connection: who is who and under which addresses. */
export interface SideOfScene {
  readonly side: Side;
  readonly peer: Side;
  /** `A`: as sentences name it. */
  readonly hostName: string;
  /** From the host outward. */
  readonly hops: readonly Hop[];
  /** The last of them. */
  readonly outermost: Hop;
  /** The side's address as the core sees it. */
  readonly outside: string;
  readonly peerOutside: string;
}

/** A cell's evidence, decoded once, with the roles of every address. */
export interface Scene extends Sightings {
  readonly evidence: Evidence;
  readonly technique: Cell["technique"];
  readonly sides: Readonly<Record<Side, SideOfScene>>;
  /** The carrier that both sides stand behind, if there is one: they meet at it, and nothing between them reaches the core. */
  readonly meeting?: GatewayId;
}

export function sceneOf(cell: JudgedCell, evidence: Evidence): Scene {
  const passed = (one: Side): readonly Hop[] =>
    hopsOf(cell, one).filter(({ at }) => !(at === "c" && stayedInside(evidence)));
  const hops = { a: passed("a"), b: passed("b") };
  const outside = { a: hops.a.at(-1)?.outside ?? ADDRESS.a, b: hops.b.at(-1)?.outside ?? ADDRESS.b };
  const side = (one: Side, peer: Side): SideOfScene => ({
    side: one,
    peer,
    hostName: one.toUpperCase(),
    hops: hops[one],
    outermost: hops[one].at(-1)!,
    outside: outside[one],
    peerOutside: outside[peer],
  });
  return {
    ...sightingsOf(evidence),
    evidence,
    technique: cell.technique,
    sides: { a: side("a", "b"), b: side("b", "a") },
    ...(cell.carrier?.kind === "shared" ? { meeting: "c" as const } : {}),
  };
}

/** Whether the hosts met under their own addresses: in one private network, whose NAT had no part in it. */
function stayedInside({ attempts: { a, b } }: Evidence): boolean {
  return a.ok && b.ok && a.remote.ip === ADDRESS.b && b.remote.ip === ADDRESS.a;
}

function hopsOf(cell: JudgedCell, side: Side): readonly Hop[] {
  const shape = shapeOf(cell);
  const layers = layersOf(cell);
  let inside: string = ADDRESS[side];
  return gatewaysOf(shape, side).map((at) => {
    const { gateway } = layers.find((layer) => layer.at === at)!;
    const outside = gateway.kind === "nat" ? outsideOf(shape, at) : inside;
    const inner = at === "c" && side === "b" ? "in2" : "in";
    const hop: Hop = { at, name: at.toUpperCase(), gateway, inner, inside, outside };
    inside = outside;
    return hop;
  });
}

/** Whether a segment is of the kind with which the technique opens its NATs: a SYN, but for injected sockets, which send none. */
export function isOpener({ technique }: Pick<Scene, "technique">, { kind }: Segment): boolean {
  return kind === "syn" || (kind === "other" && technique.name === "tcp-repair");
}

/** Whether the sides aim at ports that nobody predicted, until two SYNs meet (NATBLASTER case 6). */
export const searchesBothPorts = ({ technique }: Pick<Scene, "technique">): boolean =>
  technique.name === "natblaster-6";

/** SYNs, or what stands for them, that `side`'s host sent towards the peer's outside address, as its own interface saw them. */
export function punchesOf(scene: Scene, { side, peerOutside }: SideOfScene): readonly Segment[] {
  return scene.segments.filter(
    (one) => one.node === side && one.direction === "out" && isOpener(scene, one) && one.dst.ip === peerOutside,
  );
}

/** Packets under an address that one interface of a node saw and of which no more than their number was kept. */
export function beyondKept(capture: Capture | undefined, src: string): number {
  const beyond = (capture?.fans ?? []).filter((fan) => fan.src === src && ["out", "wan"].includes(fan.iface));
  return beyond.reduce((sum, { packets }) => sum + packets - KEPT_PER_FAN, 0);
}

/** What X sent under an address that is not its own. */
export function isForged({ node, direction, src }: Segment): boolean {
  return node === "x" && direction === "out" && src.ip !== ADDRESS.x;
}

/** What a gateway gave to a SYN of a side towards the peer. */
export interface Opening {
  readonly atUs: number;
  readonly inside: Endpoint;
  readonly outside: Endpoint;
  readonly to: Endpoint;
}

/** All that a gateway gave to a side's SYNs towards the peer, from its conntrack events. */
export function openingsOf(
  { evidence }: Scene,
  { peerOutside }: SideOfScene,
  { at, inside, outside }: Hop,
): readonly Opening[] {
  return (evidence.events[at] ?? [])
    .filter(({ event, original }) => event === "new" && original.src.ip === inside && original.dst.ip === peerOutside)
    .map(({ atUs, original, reply }) => ({ atUs, inside: original.src, outside: reply.dst, to: original.dst }))
    .filter((opening) => opening.outside.ip === outside);
}

/** Outside endpoints that a gateway gave to a side's SYNs towards the peer. */
export function mappingsOf(scene: Scene, side: SideOfScene, hop: Hop): readonly Endpoint[] {
  return openingsOf(scene, side, hop).map(({ outside }) => outside);
}

/** Whether two segments are one, seen at two places: a NAT that rewrites sequence numbers shifts them by half their range. */
export function sameSequence(one: Segment, other: Segment): boolean {
  return one.seq % 2 ** 31 === other.seq % 2 ** 31;
}

/** `3.1 ms` */
export function gap(fromUs: number, toUs: number): string {
  return `${((toUs - fromUs) / 1000).toFixed(1)} ms`;
}

export const text = formatEndpoint;
