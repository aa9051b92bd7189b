import { sameEndpoint } from "../../wire/address.ts";
import type { Blockage } from "./outcome.ts";
import { text, type Scene, type SideOfScene } from "./scene.ts";
import type { Segment } from "./sightings.ts";

/** Birthday by simultaneous open: no SYN of A's left NA from a port that B aimed at, from the port that A had aimed at. */
export function noMeeting(scene: Scene, side: SideOfScene): Blockage | undefined {
  if (scene.technique.name !== "birthday-open" || side.side !== "a") return undefined;
  const [own, others] = [leaving(scene, side), leaving(scene, scene.sides.b)];
  const [first] = own;
  // a wrong prediction is no bad luck
  if (!first || !others.some(({ src }) => sameEndpoint(src, first.dst))) return undefined;
  const aimed = new Set(others.map(({ src, dst }) => `${text(dst)} ${text(src)}`));
  if (own.some(({ src, dst }) => aimed.has(`${text(src)} ${text(dst)}`))) return undefined;
  const { at, name } = side.outermost;
  const ports = new Set(own.map(({ src }) => src.port)).size;
  const targets = new Set(others.map(({ dst }) => dst.port)).size;
  const why = `A's SYNs left ${name} from ${ports} ports and B's aimed at ${targets}, none of them one from which A's went to where B's came from`;
  return { cause: "no-collision", at, atUs: first.atUs, why };
}

/** A side's SYNs to the peer as they left its outermost NAT. */
function leaving({ segments }: Scene, { outermost, peerOutside }: SideOfScene): readonly Segment[] {
  return segments.filter(
    ({ node, iface, direction, kind, dst }) =>
      node === outermost.at && iface === "out" && direction === "out" && kind === "syn" && dst.ip === peerOutside,
  );
}
