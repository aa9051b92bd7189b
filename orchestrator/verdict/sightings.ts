import type { Endpoint, Ipv4 } from "../../wire/address.ts";
import type { NodeId } from "../../wire/control.ts";
import { tcpErrorOf } from "../../wire/icmp.ts";
import { PROTOCOL, decodeIpv4, type Ipv4Packet } from "../../wire/ipv4.ts";
import { TCP_FLAG, decodeTcp } from "../../wire/tcp.ts";
import type { Evidence } from "../evidence/types.ts";

interface Place {
  readonly node: NodeId;
  readonly iface: string;
  readonly direction: "in" | "out";
  readonly atUs: number;
}

/** A TCP segment as one interface saw it. */
export interface Segment extends Place {
  readonly src: Endpoint;
  /** Where it is meant to go: under a source route that is not where it goes next. */
  readonly dst: Endpoint;
  /** The next hop of its source route, where it has one still to go (RFC 791 section 3.1). */
  readonly via?: Ipv4;
  readonly ttl: number;
  readonly seq: number;
  readonly ack: number;
  readonly kind: "syn" | "syn-ack" | "rst" | "other";
}

/** An ICMP error that quotes a TCP segment, as one interface saw it. */
export interface IcmpSighting extends Place {
  readonly kind: "time-exceeded" | "destination-unreachable";
  /** Who sent the error. */
  readonly from: string;
  /** The segment that caused it. */
  readonly src: Endpoint;
  readonly dst: Endpoint;
}

export interface Sightings {
  readonly segments: readonly Segment[];
  readonly icmp: readonly IcmpSighting[];
}

/** Everything the captures show, over all nodes, in order of time. Malformed packets are left out. */
export function sightingsOf({ captures }: Evidence): Sightings {
  const segments: Segment[] = [];
  const icmp: IcmpSighting[] = [];
  for (const [node, capture] of Object.entries(captures)) {
    for (const { iface, direction, atUs, bytes } of capture.packets) {
      const place = { node: node as NodeId, iface: capture.interfaces[iface] ?? "?", direction, atUs };
      const packet = decodeIpv4(bytes);
      if (!packet.ok) continue;
      const { src, ttl, protocol, payload } = packet.value;
      if (protocol === PROTOCOL.tcp) {
        const tcp = decodeTcp(payload);
        if (!tcp.ok) continue;
        const { srcPort, dstPort, seq, ack, flags } = tcp.value;
        const { dst: final, ...via } = destinationOf(packet.value);
        const ends = { src: { ip: src, port: srcPort }, dst: { ip: final, port: dstPort }, ...via };
        segments.push({ ...place, ...ends, ttl, seq, ack, kind: kindOf(flags) });
      } else if (protocol === PROTOCOL.icmp) {
        const error = tcpErrorOf(packet.value);
        if (error) icmp.push({ ...place, kind: error.kind, src: error.src, dst: error.dst, from: src });
      }
    }
  }
  const byTime = (one: Place, other: Place): number => one.atUs - other.atUs;
  return { segments: segments.sort(byTime), icmp: icmp.sort(byTime) };
}

/** A source route's pointer stands behind its last address once the final destination is the packet's own. */
function destinationOf({ dst, options }: Ipv4Packet): { readonly dst: Ipv4; readonly via?: Ipv4 } {
  const route = options.find((option) => option.kind === "lsrr");
  const final = route?.route.at(-1);
  return route && final !== undefined && route.pointer <= route.route.length * 4 ? { dst: final, via: dst } : { dst };
}

function kindOf(flags: number): Segment["kind"] {
  if (flags & TCP_FLAG.rst) return "rst";
  if (flags & TCP_FLAG.syn) return flags & TCP_FLAG.ack ? "syn-ack" : "syn";
  return "other";
}
