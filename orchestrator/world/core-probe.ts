import { unpackPackets } from "../../wire/capture.ts";
import { ipv4, type Ipv4 } from "../../wire/address.ts";
import type { NodeId } from "../../wire/control.ts";
import { decodeIcmp } from "../../wire/icmp.ts";
import { decodeIpv4, encodeIpv4, type Ipv4Option, type Ipv4Packet } from "../../wire/ipv4.ts";
import { ADDRESS } from "../plan/addresses.ts";
import type { World } from "./world.ts";

/** A node on one of R's links. */
export interface Edge {
  readonly node: NodeId;
  readonly iface: "out" | "wan";
  readonly address: Ipv4;
}

/** One datagram of the measurement; the number in its IP header says which it is. */
export interface Probe {
  readonly id: number;
  readonly kind: "plain" | "spoofed" | "source-routed" | "expiring";
  readonly from: Edge;
  readonly to: Edge;
  readonly ttl: number;
}

/** When and how a probe got where it was sent. */
export interface Arrival {
  readonly probe: Probe;
  readonly delayMs: number;
  /** Of the routers that it passed. */
  readonly hops: number;
}

/** Everything that the captures show of a set of probes. */
export interface Sightings {
  /** Those at the same edge in the order in which they came. */
  readonly arrivals: readonly Arrival[];
  /** Who answered which expiring probe with time-exceeded. */
  readonly answers: readonly { readonly probe: Probe; readonly from: Ipv4 }[];
}

export const X_EDGE: Edge = { node: "x", iface: "wan", address: ipv4(ADDRESS.x) };

/** The gateways that stand at R: the home NATs, or the carriers' in front of them. */
export function natEdges({ ids }: Pick<World, "ids">): readonly Edge[] {
  const [a, b] = [ipv4(ADDRESS.naOutside), ipv4(ADDRESS.nbOutside)];
  const edge = (node: NodeId, address: Ipv4): Edge => ({ node, iface: "out", address });
  if (ids.includes("c")) return [edge("c", a)];
  return [edge(ids.includes("ca") ? "ca" : "na", a), edge(ids.includes("cb") ? "cb" : "nb", b)];
}

/** IGMP: no NAT rule of ours is about it, and a kernel drops what it cannot read of it without a word. */
const PROTOCOL = 2;
/** A source route that names one router and is used up: nobody is asked to follow it, but it is there. */
const USED_ROUTE: readonly Ipv4Option[] = [{ kind: "lsrr", pointer: 8, route: [ipv4(ADDRESS.rTowardsX)] }];

/** Sends probes, each sender's in order. */
export async function sendProbes(world: World, probes: readonly Probe[]): Promise<void> {
  const bySender = Map.groupBy(probes, ({ from }) => from.node);
  await Promise.all(
    [...bySender].map(([node, own]) => {
      const datagrams = own.map((probe) => ({
        to: probe.to.address,
        bytes: Buffer.from(datagramOf(probe)).toString("base64"),
      }));
      return world.agent(node).call("send-raw", { datagrams });
    }),
  );
}

function datagramOf({ id, kind, from, to, ttl }: Probe): Uint8Array {
  // any address but the sender's own; that of a NAT, as X's forged answers have
  const other = to.address === ADDRESS.naOutside ? ADDRESS.nbOutside : ADDRESS.naOutside;
  return encodeIpv4({
    src: kind === "spoofed" ? ipv4(other) : from.address,
    dst: to.address,
    ttl,
    id,
    protocol: PROTOCOL,
    options: kind === "source-routed" ? USED_ROUTE : [],
    payload: new Uint8Array(8),
  });
}

/** What has been seen of the probes since `capture-begin` at the edges. */
export async function sightProbes(world: World, probes: readonly Probe[], edges: readonly Edge[]): Promise<Sightings> {
  const seen = (await Promise.all(edges.map((edge) => packetsAt(world, edge)))).flat();
  const known = new Map(probes.map((probe) => [probe.id, probe]));
  const sentUs = new Map<number, number>();
  const arrivals = new Map<number, Arrival>();
  const answers: { probe: Probe; from: Ipv4 }[] = [];
  for (const { direction, packet, edge, atUs } of seen) {
    const probe = known.get(packet.id);
    if (packet.protocol === PROTOCOL && direction === "out" && probe?.from.node === edge.node)
      sentUs.set(packet.id, atUs);
  }
  for (const { direction, packet, edge, atUs } of seen) {
    if (direction === "out") continue;
    if (packet.protocol === PROTOCOL) {
      const probe = known.get(packet.id);
      if (probe?.to.node !== edge.node) continue;
      const delayMs = (atUs - (sentUs.get(packet.id) ?? NaN)) / 1e3;
      arrivals.set(packet.id, { probe, delayMs, hops: probe.ttl - packet.ttl });
    } else {
      const probe = known.get(expiredId(packet) ?? -1);
      if (probe?.kind === "expiring" && probe.from.node === edge.node) answers.push({ probe, from: packet.src });
    }
  }
  return { arrivals: [...arrivals.values()], answers };
}

/** The number of the probe whose end an ICMP error tells. */
function expiredId({ payload }: Ipv4Packet): number | undefined {
  const icmp = decodeIcmp(payload);
  if (!icmp.ok || icmp.value.kind !== "time-exceeded" || !icmp.value.original.ok) return undefined;
  const { id, protocol } = icmp.value.original.value;
  return protocol === PROTOCOL ? id : undefined;
}

interface SeenAt {
  readonly edge: Edge;
  readonly direction: "in" | "out";
  readonly atUs: number;
  readonly packet: Ipv4Packet;
}

async function packetsAt(world: World, edge: Edge): Promise<readonly SeenAt[]> {
  const { packets, interfaces } = await world.agent(edge.node).call("capture-look", {});
  return unpackPackets(Buffer.from(packets, "base64")).flatMap(({ iface, direction, atUs, bytes }) => {
    const packet = decodeIpv4(bytes);
    return packet.ok && interfaces[iface] === edge.iface ? [{ edge, direction, atUs, packet: packet.value }] : [];
  });
}
