import { formatEndpoint, type Endpoint } from "../../wire/address.ts";
import type { Evidence } from "../evidence/types.ts";
import type { Gateway } from "../nat/model.ts";
import { ADDRESS, outsideAddress } from "../plan/addresses.ts";
import type { Cell } from "../scenario/cell.ts";
import { sightingsOf, type Segment, type Sightings } from "./sightings.ts";

export type Side = "a" | "b";
export const SIDES = ["a", "b"] as const;

/** One side of the connection: who is who and under which addresses. */
export interface SideOfScene {
  readonly side: Side;
  readonly peer: Side;
  /** `A`, `NA`: as sentences name them. */
  readonly hostName: string;
  readonly natName: string;
  readonly nat: "na" | "nb";
  readonly gateway: Gateway;
  readonly host: string;
  readonly outside: string;
  readonly peerOutside: string;
}

/** A cell's evidence, decoded once, with the roles of every address. */
export interface Scene extends Sightings {
  readonly evidence: Evidence;
  readonly technique: Cell["technique"];
  readonly sides: Readonly<Record<Side, SideOfScene>>;
}

export function sceneOf({ na, nb, technique }: Pick<Cell, "na" | "nb" | "technique">, evidence: Evidence): Scene {
  const outside = { a: outsideAddress("a", na.kind), b: outsideAddress("b", nb.kind) };
  const side = (one: Side, peer: Side, gateway: Gateway): SideOfScene => ({
    side: one,
    peer,
    hostName: one.toUpperCase(),
    natName: `N${one.toUpperCase()}`,
    nat: `n${one}`,
    gateway,
    host: ADDRESS[one],
    outside: outside[one],
    peerOutside: outside[peer],
  });
  return { ...sightingsOf(evidence), evidence, technique, sides: { a: side("a", "b", na), b: side("b", "a", nb) } };
}

/** SYNs that `side`'s host sent towards the peer's outside address, as its own interface saw them. */
export function punchesOf({ segments }: Scene, { side, peerOutside }: SideOfScene): readonly Segment[] {
  return segments.filter(
    ({ node, direction, kind, dst }) =>
      node === side && direction === "out" && kind === "syn" && dst.ip === peerOutside,
  );
}

/** Outside ports that the NAT of `side` gave to SYNs towards the peer, from its conntrack events. */
export function mappingsOf({ evidence }: Scene, { nat, host, peerOutside }: SideOfScene): readonly Endpoint[] {
  return evidence.events[nat]
    .filter(({ event, original }) => event === "new" && original.src.ip === host && original.dst.ip === peerOutside)
    .map(({ reply }) => reply.dst);
}

/** `3.1 ms` */
export function gap(fromUs: number, toUs: number): string {
  return `${((toUs - fromUs) / 1000).toFixed(1)} ms`;
}

export const text = formatEndpoint;
