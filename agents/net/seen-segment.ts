import { u32ToIpv4, type Endpoint, type Port } from "../../wire/address.ts";
import type { SeenPacket } from "./packet-socket.ts";

/** Head of a TCP segment. */
export interface SegmentHead {
  readonly src: Endpoint;
  readonly dst: Endpoint;
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
}

/** Ports of a packet's TCP segment, for those who look at each packet: no address is made into text. Undefined where it has none. */
export function portsOf({ view, tcpStart }: SeenPacket): { readonly src: number; readonly dst: number } | undefined {
  return tcpStart === undefined ? undefined : { src: view.getUint16(tcpStart), dst: view.getUint16(tcpStart + 2) };
}

/** What a packet's TCP header says (RFC 9293 section 3.1); undefined where it has none. */
export function segmentHead({ view, start, tcpStart }: SeenPacket): SegmentHead | undefined {
  if (tcpStart === undefined) return undefined;
  return {
    src: { ip: u32ToIpv4(view.getUint32(start + 12)), port: view.getUint16(tcpStart) as Port },
    dst: { ip: u32ToIpv4(view.getUint32(start + 16)), port: view.getUint16(tcpStart + 2) as Port },
    flags: view.getUint16(tcpStart + 12) & 0x1ff,
    seq: view.getUint32(tcpStart + 4),
    ack: view.getUint32(tcpStart + 8),
  };
}
