import type { CoreModel, NodeId } from "../../wire/control.ts";
import { TCP_FLAG } from "../../wire/tcp.ts";
import type { Gateway } from "../nat/model.ts";
import type { Layer } from "../plan/shape.ts";
import { delayUsOf, type Journey, type Sighting } from "./journey.ts";
import { keptBy, type Kept } from "./mapping.ts";
import { isOpening, wayOf, type Icmp, type Tcp } from "./packet.ts";
import type { TrialRecord } from "./record.ts";

/** A sighting of a packet of one kind. */
export type SightingOf<P> = Sighting & { readonly packet: P };

/** What surrounds a packet's end: by this it is said what the packet died of. */
export interface Surroundings {
  readonly record: TrialRecord;
  /** What each gateway claims to be, where the cell is known. */
  readonly gateways: ReadonlyMap<NodeId, Gateway>;
  /** The core, as R's agent was told. */
  readonly core?: CoreModel;
  readonly delayUs: number;
  /** The last that is known of the trial. */
  readonly endUs: number;
  /** The last that a node saw. */
  readonly lastSeenUs: ReadonlyMap<NodeId, number>;
  /** When the last packet came to a node that it passed on. */
  readonly lastPassedUs: ReadonlyMap<NodeId, number>;
  /** A node and an address to which it passed something on. */
  readonly sentTo: ReadonlySet<string>;
  readonly kept: ReadonlyMap<NodeId, readonly Kept[]>;
  /** ICMP errors that a node sent itself. */
  readonly errorsBy: ReadonlyMap<NodeId, readonly SightingOf<Icmp>[]>;
  /** RSTs that a node sent itself, by their way. */
  readonly resetsBy: ReadonlyMap<string, readonly SightingOf<Tcp>[]>;
  /** SYNs that left a node, by their way. */
  readonly synsBy: ReadonlyMap<string, readonly SightingOf<Tcp>[]>;
  /** Nodes that forwarded a packet with a source route. */
  readonly routing: ReadonlySet<NodeId>;
}

export function surroundingsOf(
  record: TrialRecord,
  journeys: readonly Journey[],
  layers: readonly Layer[],
): Surroundings {
  const begun = journeys.map(({ sightings: [first] }) => first).filter(({ direction }) => direction === "out");
  const core = coreOf(record);
  const sightings = journeys.flatMap((journey) => journey.sightings);
  const lastSeenUs = lastOf(sightings);
  return {
    record,
    gateways: new Map(layers.map(({ at, gateway }) => [at, gateway])),
    ...(core ? { core } : {}),
    delayUs: delayUsOf(record),
    endUs: Math.max(...lastSeenUs.values(), ...record.logs.map(({ atUs }) => atUs)),
    lastSeenUs,
    lastPassedUs: lastOf(
      journeys.flatMap(({ sightings: all }) => all.filter((one, index) => one.node === all[index + 1]?.node)),
    ),
    sentTo: new Set(
      sightings.flatMap(({ node, direction, packet }) =>
        direction === "out" && packet.kind !== "malformed" ? [`${node} ${packet.dst}`] : [],
      ),
    ),
    kept: new Map(
      Object.entries(record.events).map(([node, events]) => [
        node as NodeId,
        keptBy(events, arrivalsAt(node, sightings)),
      ]),
    ),
    errorsBy: Map.groupBy(begun.filter(isIcmp), ({ node }) => node),
    resetsBy: Map.groupBy(begun.filter(isReset), ({ node, packet }) => `${node} ${wayOf(packet)}`),
    synsBy: Map.groupBy(sightings.filter(isLeavingSyn), ({ node, packet }) => `${node} ${wayOf(packet)}`),
    routing: new Set(
      sightings.flatMap(({ node, direction, packet }) =>
        direction === "out" && packet.kind === "tcp" && packet.via !== undefined ? [node] : [],
      ),
    ),
  };
}

function lastOf(sightings: readonly Sighting[]): ReadonlyMap<NodeId, number> {
  const last = new Map<NodeId, number>();
  for (const { node, atUs } of sightings) last.set(node, Math.max(atUs, last.get(node) ?? -Infinity));
  return last;
}

/** When segments of a way came to a node. */
function arrivalsAt(node: string, sightings: readonly Sighting[]): Parameters<typeof keptBy>[1] {
  const byWay = new Map<string, number[]>();
  for (const { node: at, direction, packet, atUs } of sightings) {
    if (at !== node || direction !== "in" || packet.kind !== "tcp") continue;
    const known = byWay.get(wayOf(packet));
    if (known) known.push(atUs);
    else byWay.set(wayOf(packet), [atUs]);
  }
  return (from, to) => byWay.get(wayOf({ from, to }))?.sort((one, other) => one - other) ?? [];
}

const isIcmp = (one: Sighting): one is SightingOf<Icmp> => one.packet.kind === "icmp";
const isReset = (one: Sighting): one is SightingOf<Tcp> =>
  one.packet.kind === "tcp" && (one.packet.flags & TCP_FLAG.rst) !== 0;

const isLeavingSyn = (one: Sighting): one is SightingOf<Tcp> =>
  one.direction === "out" && one.packet.kind === "tcp" && isOpening(one.packet);

function coreOf({ logs }: TrialRecord): CoreModel | undefined {
  const told = logs.findLast(({ node, what }) => node === "r" && what === "core")?.detail;
  return told && typeof told === "object" ? (told as CoreModel) : undefined;
}
