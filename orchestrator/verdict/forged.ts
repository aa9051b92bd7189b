import type { NodeId } from "../../wire/control.ts";
import { ADDRESS } from "../plan/addresses.ts";
import { SIDES } from "../plan/shape.ts";
import type { Blockage } from "./outcome.ts";
import { isForged, punchesOf, type Hop, type Scene, type SideOfScene } from "./scene.ts";
import type { Segment } from "./sightings.ts";

/** Birthday: every forged SYN+ACK arrived at a closed port of a NAT. */
export function noCollision(scene: Scene, side: SideOfScene): Blockage | undefined {
  const attempt = scene.evidence.attempts[side.side];
  if (attempt.ok || attempt.failure !== "no-collision") return undefined;
  // X's own handshakes arrive there as well
  const forgedAt = ({ at }: Hop): readonly Segment[] =>
    scene.segments.filter(
      ({ node, iface, direction, kind, src }) =>
        node === at && iface === "out" && direction === "in" && kind === "syn-ack" && src.ip === side.peerOutside,
    );
  const hop = side.hops.find((one) => forgedAt(one).length > 0) ?? side.outermost; // the nearest to the host that saw any
  const arrived = forgedAt(hop);
  const [first] = arrived;
  const passed = scene.segments.some(
    ({ node, direction, kind, src }) =>
      node === side.side && direction === "in" && kind === "syn-ack" && src.ip === side.peerOutside,
  );
  if (!first || passed || first.src.ip === hop.outside) return undefined;
  const sent = new Set(punchesOf(scene, side).map(({ src }) => src.port)).size;
  const why = `${sent} SYNs opened ${hop.name} and ${arrived.length} forged SYN+ACKs reached it, none of them at an open port`;
  return { cause: "no-collision", at: hop.at, atUs: first.atUs, why };
}

/** X sent forged packets and none of them came past the core (BCP 38). */
export function spoofFiltered({ segments, sides }: Scene): Blockage | undefined {
  const outermost: readonly NodeId[] = SIDES.map((side) => sides[side].outermost.at);
  const forged = segments.filter(isForged);
  const [first] = forged;
  const arrived = segments.some(
    ({ node, iface, direction, kind, src }) =>
      outermost.includes(node) && iface === "out" && direction === "in" && kind === "syn-ack" && src.ip !== ADDRESS.x,
  );
  // X's own packets share the way: one that arrived later shows that the forged ones are not just on their way
  const followed = segments.some(
    ({ node, iface, direction, src, atUs }) =>
      outermost.includes(node) &&
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

/** A NAT let none pass of the SYN+ACKs that X had forged under the NAT's own address: such a source cannot be outside. */
export function turnedAway({ segments }: Scene, { outermost, outside }: SideOfScene): Blockage | undefined {
  const { at, name } = outermost;
  const forged = segments.filter(({ node, kind, src }) => node === at && kind === "syn-ack" && src.ip === outside);
  const arrived = forged.filter(({ iface, direction }) => iface === "out" && direction === "in");
  const [first] = arrived;
  if (!first || forged.some(({ iface, direction }) => iface !== "out" && direction === "out")) return undefined;
  const why = `X sent ${arrived.length} SYN+ACKs under ${outside}, and ${name} let none of them in: that address is its own`;
  return { cause: "spoof-filtered", at, atUs: first.atUs, why };
}
