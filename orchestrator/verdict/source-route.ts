import { ADDRESS } from "../plan/addresses.ts";
import type { Blockage } from "./outcome.ts";
import { mappingsOf, punchesOf, sameSequence, text, type Scene, type SideOfScene } from "./scene.ts";
import type { Segment } from "./sightings.ts";

/** Every router on the way has to allow source routes, and the first that does not drops the SYN in silence (RFC 7126 section 4.3). */
export function sourceRouteRefused(scene: Scene, side: SideOfScene): Blockage | undefined {
  const refusing = side.hops.filter(({ gateway }) => gateway.kind === "nat" && gateway.model.sourceRoute === "refuse");
  const routers = [...refusing, CORE];
  for (const { at, name } of routers) {
    const [stuck] = routedAt(scene, side, at).filter(({ direction }) => direction === "in");
    if (!stuck || routedAt(scene, side, at).some(({ direction }) => direction === "out")) continue;
    const why = `${name} forwarded none of ${side.hostName}'s SYNs to ${text(stuck.dst)} that were source-routed over ${stuck.via}`;
    return { cause: "source-route-refused", at, atUs: stuck.atUs, why };
  }
  return undefined;
}

const CORE = { at: "r", name: "R" } as const;

/**
 * A NAT that knows nothing of source routes takes the first hop for the destination: the TCP checksum, which covers the final one
 * (RFC 9293 section 3.1), seems wrong to it, and it lets the SYN out untranslated, or it opens its mapping for X. Nothing from the peer gets
 * in by either. A copy of the SYN that went straight opens the right mapping, which is no use where the peer could not be told of it.
 */
export function sourceRouteMistaken(scene: Scene, side: SideOfScene): Blockage | undefined {
  const peerSent = punchesOf(scene, scene.sides[side.peer]).length > 0;
  for (const hop of side.hops) {
    const { at, name, gateway, inside, outside } = hop;
    if (gateway.kind !== "nat" || (peerSent && mappingsOf(scene, side, hop).length > 0)) continue;
    const left = routedAt(scene, side, at).find(({ direction, iface }) => direction === "out" && iface === "out");
    if (!left) continue;
    const towards = `${side.hostName}'s SYN to ${text(left.dst)}, source-routed over ${left.via},`;
    const { atUs } = left;
    if (left.src.ip !== outside) {
      const why = `${towards} left ${name} untranslated, from ${text(left.src)}: for its next hop the TCP checksum is wrong`;
      return { cause: "source-route-mistaken", at, atUs, why };
    }
    const mapping = (scene.evidence.events[at] ?? []).find(
      ({ event, original }) =>
        event === "new" &&
        original.src.ip === inside &&
        original.dst.ip === ADDRESS.x &&
        original.dst.port === left.dst.port,
    );
    if (!mapping) continue;
    const why = `${towards} made ${name} open ${text(mapping.reply.dst)} for ${text(mapping.original.dst)}, its next hop, and not for the peer`;
    return { cause: "source-route-mistaken", at, atUs, why };
  }
  return undefined;
}

/** A side's source-routed SYNs as a node saw them. */
function routedAt(scene: Scene, side: SideOfScene, at: Segment["node"]): readonly Segment[] {
  const sent = punchesOf(scene, side).filter(({ via }) => via !== undefined);
  return scene.segments.filter(
    (one) =>
      one.node === at && one.kind === "syn" && one.via !== undefined && sent.some((syn) => sameSequence(one, syn)),
  );
}
