import { sameEndpoint } from "../../wire/address.ts";
import type { Blockage } from "./outcome.ts";
import {
  mappingsOf,
  openingsOf,
  punchesOf,
  searchesBothPorts,
  text,
  type Hop,
  type Opening,
  type Scene,
  type SideOfScene,
} from "./scene.ts";

/** The peer aimed at a port that this side's NATs did not give to the connection. A search aims at ports that it guessed. */
export function mispredicted(scene: Scene, side: SideOfScene): Blockage | undefined {
  if (searchesBothPorts(scene)) return undefined;
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

/** The peer aimed at a port that the side had, and the side's next SYN, to where the peer was by then, left from another one. A search's do. */
export function moved(scene: Scene, side: SideOfScene): Blockage | undefined {
  if (searchesBothPorts(scene)) return undefined;
  const { outermost, hostName, peer } = side;
  const own = openingsOf(scene, side, outermost);
  const others = openingsOf(scene, scene.sides[peer], scene.sides[peer].outermost);
  if (own.some((one) => others.some((other) => haveMet(one, other)))) return undefined;
  const aimed = punchesOf(scene, scene.sides[peer]);
  for (const hit of own) {
    if (!aimed.some(({ dst }) => sameEndpoint(dst, hit.outside))) continue;
    const next = own.find((one) => one.atUs > hit.atUs && isOfAnother(one, hit));
    if (!next) continue;
    const why = `${outermost.name} gave ${hostName}'s SYN to ${text(hit.to)} the outside port ${hit.outside.port}, at which ${peer.toUpperCase()} aimed, and the next one, to ${text(next.to)}, another: ${next.outside.port}`;
    return { cause: "mapping-mispredicted", at: unpredictable(side).at, atUs: next.atUs, why };
  }
  return undefined;
}

const haveMet = (one: Opening, other: Opening): boolean =>
  sameEndpoint(one.outside, other.to) && sameEndpoint(one.to, other.outside);

/** The same socket's port towards another endpoint, and not the same one. */
const isOfAnother = (one: Opening, other: Opening): boolean =>
  sameEndpoint(one.inside, other.inside) &&
  !sameEndpoint(one.to, other.to) &&
  !sameEndpoint(one.outside, other.outside);

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
