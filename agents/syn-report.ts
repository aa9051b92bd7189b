import { decodeIpv4, PROTOCOL } from "../wire/ipv4.ts";
import type { SynReport } from "../wire/rendezvous.ts";
import { TCP_FLAG, decodeTcp, type TcpSegment } from "../wire/tcp.ts";
import type { Endpoint } from "../wire/address.ts";
import type { Recorder } from "./capture.ts";

/** What of a SYN its answer depends on. */
export function reportOf({ seq, window, options }: TcpSegment): SynReport {
  const report: { -readonly [Key in keyof SynReport]: SynReport[Key] } = { isn: seq, window, sackPermitted: false };
  for (const option of options) {
    if (option.kind === "mss") report.mss = option.bytes;
    if (option.kind === "windowScale") report.windowScale = option.shift;
    if (option.kind === "sackPermitted") report.sackPermitted = true;
    if (option.kind === "timestamps") report.tsval = option.tsval;
  }
  return report;
}

/** A SYN on a loose source route that has its final destination still to go (RFC 791 section 3.1). */
export interface RoutedSyn {
  readonly from: Endpoint;
  /** The final destination. */
  readonly to: Endpoint;
  readonly syn: SynReport;
}

/** Octets of an IPv4 header without options. */
const PLAIN_HEADER = 0x45;

/** Reports every source-routed SYN that arrives here. Returns how to stop watching. */
export function watchRoutedSyns(recorder: Recorder, onSyn: (syn: RoutedSyn) => void): () => void {
  return recorder.tap((packet) => {
    if (packet.direction !== "in" || packet.view.getUint8(packet.start) === PLAIN_HEADER) return;
    const routed = routedSyn(packet.bytes);
    if (routed) onSyn(routed);
  });
}

function routedSyn(bytes: Uint8Array): RoutedSyn | undefined {
  const packet = decodeIpv4(bytes);
  if (!packet.ok || packet.value.protocol !== PROTOCOL.tcp) return undefined;
  const { src, options, payload } = packet.value;
  const route = options.find((option) => option.kind === "lsrr");
  const segment = decodeTcp(payload);
  const final = route?.route.at(-1);
  if (!segment.ok || route?.pointer !== FIRST_SLOT || final === undefined) return undefined;
  const { flags, srcPort, dstPort } = segment.value;
  if ((flags & (TCP_FLAG.syn | TCP_FLAG.ack)) !== TCP_FLAG.syn) return undefined;
  return { from: { ip: src, port: srcPort }, to: { ip: final, port: dstPort }, syn: reportOf(segment.value) };
}

/** An option's pointer before the first hop was taken. */
const FIRST_SLOT = 4;
