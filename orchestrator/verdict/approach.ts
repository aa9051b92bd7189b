import { sameEndpoint, type Endpoint } from "../../wire/address.ts";
import { isOpener, sameSequence, type Hop, type Scene, type SideOfScene } from "./scene.ts";
import type { Segment } from "./sightings.ts";

/** A gateway as the peer's packets come to it. */
export interface Approach {
  readonly hop: Hop;
  /** The interface at which they arrive. */
  readonly iface: string;
  /** Their source address there. */
  readonly from: string;
}

/** The gateways of a side in the order in which the peer's packets meet them, outermost first. */
export function approachOf({ sides, meeting }: Scene, { hops, peer, peerOutside }: SideOfScene): readonly Approach[] {
  return hops.toReversed().map((hop) => {
    const shared = hop.at === meeting ? sides[peer].hops.find(({ at }) => at === meeting) : undefined;
    return shared ? { hop, iface: shared.inner, from: shared.inside } : { hop, iface: "out", from: peerOutside };
  });
}

/** The peer's SYNs, or what stands for them, that arrived at a gateway, addressed to it, in order of time. */
export function arrivals(scene: Scene, { hop, iface, from }: Approach): readonly Segment[] {
  return scene.segments.filter(
    (one) =>
      one.node === hop.at &&
      one.iface === iface &&
      one.direction === "in" &&
      isOpener(scene, one) &&
      one.src.ip === from &&
      one.dst.ip === hop.outside,
  );
}

/** Whether a SYN that arrived at a gateway went on towards the host. */
export function passed(scene: Scene, { hop }: Approach, syn: Segment): boolean {
  return scene.segments.some(
    (one) =>
      one.node === hop.at &&
      one.iface === hop.inner &&
      one.direction === "out" &&
      isOpener(scene, one) &&
      sameSequence(one, syn),
  );
}

/** The RST with which a gateway itself answered a SYN. */
export function resetFor({ segments }: Scene, { hop, iface }: Approach, syn: Segment): Segment | undefined {
  return segments.find(
    (one) =>
      one.node === hop.at &&
      one.iface === iface &&
      one.direction === "out" &&
      one.kind === "rst" &&
      one.atUs >= syn.atUs &&
      sameEndpoint(one.src, syn.dst) &&
      sameEndpoint(one.dst, syn.src),
  );
}

/** The side's own SYN that later opened the very port at which the peer's SYN had arrived. */
export function openingOf(scene: Scene, approach: Approach, syn: Segment): Segment | undefined {
  return ownFrom(scene, approach, syn.dst).find((own) => own.atUs > syn.atUs);
}

/** The side's own SYN that had left from where the peer's SYN arrived, for where that came from. */
export function openedBefore(scene: Scene, approach: Approach, syn: Segment): Segment | undefined {
  return ownFrom(scene, approach, syn.dst).find((own) => own.atUs < syn.atUs && sameEndpoint(own.dst, syn.src));
}

/** The side's own SYNs that left from an outside endpoint. */
function ownFrom(scene: Scene, { hop, iface }: Approach, outside: Endpoint): readonly Segment[] {
  return scene.segments.filter(
    (one) =>
      one.node === hop.at &&
      one.iface === iface &&
      one.direction === "out" &&
      isOpener(scene, one) &&
      sameEndpoint(one.src, outside),
  );
}
