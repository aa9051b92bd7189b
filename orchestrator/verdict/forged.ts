import type { NodeId } from "../../wire/control.ts";
import { ADDRESS } from "../plan/addresses.ts";
import { SIDES } from "../plan/shape.ts";
import type { Blockage } from "./outcome.ts";
import {
  beyondKept,
  isForged,
  punchesOf,
  searchesBothPorts,
  text,
  type Hop,
  type Scene,
  type SideOfScene,
} from "./scene.ts";
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

/** A spray: the peer's SYNs left its NAT, and none from the port that this side's had been sent to. */
export function sprayMissed(scene: Scene, side: SideOfScene): Blockage | undefined {
  const attempt = scene.evidence.attempts[side.side];
  if (attempt.ok || attempt.failure !== "no-collision" || !searchesBothPorts(scene)) return undefined;
  if (reached(scene, side) || reached(scene, scene.sides[side.peer])) return undefined;
  const { outermost, hostName } = scene.sides[side.peer];
  const anchors = [...new Set(punchesOf(scene, side).map(({ dst }) => dst.port))];
  const left = scene.segments.filter(
    ({ node, iface, direction, kind, dst }) =>
      node === outermost.at && iface === "out" && direction === "out" && kind === "syn" && dst.ip === side.outside,
  );
  const [first] = left;
  if (!first || left.some(({ src }) => anchors.includes(src.port))) return undefined;
  const all = left.length + beyondKept(scene.evidence.captures[outermost.at], outermost.outside);
  const why = `${all} SYNs of ${hostName} left ${outermost.name}, none of them from port ${anchors.join(" or ")}, where ${side.hostName} waited for one`;
  return { cause: "no-collision", at: outermost.at, atUs: first.atUs, why };
}

/** Whether one of the peer's SYNs got through to a side's host. */
const reached = ({ segments }: Scene, { side, peerOutside }: SideOfScene): boolean =>
  segments.some(
    ({ node, direction, kind, src }) => node === side && direction === "in" && kind === "syn" && src.ip === peerOutside,
  );

/** A sweep's ACKs arrived at the ports of a NAT, and none of them reached the host as an answer to its SYN. */
export function sweepEmpty(scene: Scene, side: SideOfScene): Blockage | undefined {
  const attempt = scene.evidence.attempts[side.side];
  const [punch] = punchesOf(scene, side);
  if (attempt.ok || attempt.failure !== "sweep-empty" || !punch) return undefined;
  const acks = scene.segments.filter(
    ({ kind, direction, src }) => kind === "other" && direction === "in" && src.ip === side.peerOutside,
  );
  const fits = ({ ack }: Segment): boolean => ack === (punch.seq + 1) % 2 ** 32;
  const cameTo = ({ at }: Hop): readonly Segment[] =>
    acks.filter((one) => one.node === at && one.iface === "out" && fits(one));
  const hop = side.hops.find((one) => cameTo(one).length > 0) ?? side.outermost;
  const [first] = cameTo(hop);
  const atHost = acks.filter(({ node }) => node === side.side);
  if (!first || first.src.ip === hop.outside || atHost.some(fits)) return undefined;
  const all = cameTo(hop).length + beyondKept(scene.evidence.captures[hop.at], side.peerOutside);
  const [changed] = atHost;
  const end = changed
    ? `the one that got through to ${side.hostName} acknowledged ${changed.ack}, and its SYN had the number ${punch.seq}`
    : `none of them got through to ${side.hostName}, whose SYN had left from ${text(punch.src)}`;
  const why = `${all} ACKs from ${text(first.src)} reached the ports of ${hop.name}, and ${end}`;
  return { cause: "sweep-empty", at: hop.at, atUs: first.atUs, why };
}

/** X sent forged packets and none of them came past the core (BCP 38). */
export function spoofFiltered({ segments, sides, evidence }: Scene): Blockage | undefined {
  const outermost: readonly NodeId[] = SIDES.map((side) => sides[side].outermost.at);
  const forged = segments.filter(isForged);
  const [first] = forged;
  const sent = new Set(forged.map(nameOf));
  const arrived = segments.some(
    (one) => outermost.includes(one.node) && one.iface === "out" && one.direction === "in" && sent.has(nameOf(one)),
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
    why: `X sent ${forged.length + beyondKept(evidence.captures.x, first.src.ip)} packets under ${first.src.ip}, and none of them arrived at a NAT`,
  };
}

/** Tells a forged packet from what the peer itself may have sent. */
const nameOf = ({ kind, src, seq, ack }: Segment): string => `${kind} ${text(src)} ${seq} ${ack}`;

/** A NAT let none pass of the packets that X had forged under the NAT's own address: such a source cannot be outside. */
export function turnedAway({ segments, evidence }: Scene, { outermost, outside }: SideOfScene): Blockage | undefined {
  const { at, name } = outermost;
  const forged = segments.filter(
    ({ node, kind, src }) => node === at && (kind === "syn-ack" || kind === "other") && src.ip === outside,
  );
  const arrived = forged.filter(({ iface, direction }) => iface === "out" && direction === "in");
  const [first] = arrived;
  if (!first || forged.some(({ iface, direction }) => iface !== "out" && direction === "out")) return undefined;
  const why = `X sent ${arrived.length + beyondKept(evidence.captures[at], outside)} packets under ${outside}, and ${name} let none of them in: that address is its own`;
  return { cause: "spoof-filtered", at, atUs: first.atUs, why };
}
