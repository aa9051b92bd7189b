import { ipv4ToU32, type Endpoint, type Ipv4, type Port } from "../wire/address.ts";
import { PROTOCOL, decodeIpv4, encodeIpv4 } from "../wire/ipv4.ts";
import { LINUX_WINDOW, TCP_FLAG, decodeTcp, encodeTcp, type TcpSegment } from "../wire/tcp.ts";
import type { Recorder } from "./capture.ts";
import type { SeenPacket } from "./net/packet-socket.ts";

interface OwnSyn {
  readonly localPort: number;
  readonly to: Endpoint;
  /** First hop of its source route, which is its destination on the wire. */
  readonly via?: Ipv4;
}

/** Hands over the first SYN that leaves this host from `localPort` for `to`. Returns how to stop watching. */
export function watchSyn(
  recorder: Recorder,
  { localPort, to, via }: OwnSyn,
  onSyn: (syn: TcpSegment) => void,
): () => void {
  const stop = recorder.tap((packet) => {
    if (packet.direction !== "out") return;
    const segment = segmentBetween(packet, { dst: via ?? to.ip });
    if (!segment || segment.srcPort !== localPort || segment.dstPort !== to.port) return;
    if ((segment.flags & (TCP_FLAG.syn | TCP_FLAG.ack)) !== TCP_FLAG.syn) return;
    stop();
    onSyn(segment);
  });
  return stop;
}

/** A SYN of this host's once more, on the straight way. A captured one may lack its checksum, so it is laid out anew. */
export function copyOfSyn(syn: TcpSegment, { src, to, ttl }: { src: Ipv4; to: Endpoint; ttl: number }): Uint8Array {
  const addresses = { src, dst: to.ip };
  const payload = encodeTcp(syn, addresses);
  return encodeIpv4({ ...addresses, ttl, id: 0, protocol: PROTOCOL.tcp, dontFragment: true, payload });
}

interface Flood {
  readonly from: Endpoint;
  readonly isn: number;
  readonly ports: ReadonlySet<number>;
}

export interface Hit {
  readonly localPort: number;
  readonly outsidePort: number;
  /** The number that it acknowledges. */
  readonly ack: number;
}

interface Sweep {
  readonly localPort: number;
  readonly from: Endpoint;
  readonly isn: number;
  /** A NAT may have changed what it acknowledges. */
  readonly shifted?: true;
}

/** Reports the first forged SYN+ACK that answers a flood: its destination is the inside port, its payload the outside port. */
export function watchHit(recorder: Recorder, { from, isn, ports }: Flood, onHit: (hit: Hit) => void): () => void {
  const stop = recorder.tap((packet) => {
    if (packet.direction !== "in") return;
    const segment = segmentBetween(packet, { src: from.ip });
    if (!segment || segment.srcPort !== from.port || !ports.has(segment.dstPort)) return;
    if (segment.ack !== (isn + 1) >>> 0 || segment.payload.length !== 2) return;
    stop();
    const [high = 0, low = 0] = segment.payload;
    onHit({ localPort: segment.dstPort, outsidePort: high * 256 + low, ack: segment.ack });
  });
  return stop;
}

/** Reports the first ACK of a sweep that answers the SYN from `localPort`: its IP identification is the outside port (ack-sweep.ts). */
export function watchSweep(
  recorder: Recorder,
  { localPort, from, isn, shifted }: Sweep,
  onHit: (hit: Hit) => void,
): () => void {
  const stop = recorder.tap((packet) => {
    if (packet.direction !== "in") return;
    const segment = segmentBetween(packet, { src: from.ip });
    if (!segment || segment.srcPort !== from.port || segment.dstPort !== localPort) return;
    if (segment.flags !== TCP_FLAG.ack || segment.payload.length > 0) return;
    if (!shifted && segment.ack !== (isn + 1) >>> 0) return;
    stop();
    onHit({ localPort, outsidePort: packet.view.getUint16(packet.start + IDENTIFICATION), ack: segment.ack });
  });
  return stop;
}

/** Reports the first SYN+ACK for a spray's SYN: its destination is the local port that hit. */
export function watchAnswer(
  recorder: Recorder,
  { to, isn }: { readonly to: Endpoint; readonly isn: number },
  onAnswer: (answer: { readonly localPort: number; readonly segment: TcpSegment }) => void,
): () => void {
  const stop = recorder.tap((packet) => {
    if (packet.direction !== "in") return;
    const segment = segmentBetween(packet, { src: to.ip });
    if (!segment || segment.srcPort !== to.port || segment.ack !== (isn + 1) >>> 0) return;
    if ((segment.flags & (TCP_FLAG.syn | TCP_FLAG.ack | TCP_FLAG.rst)) !== (TCP_FLAG.syn | TCP_FLAG.ack)) return;
    stop();
    onAnswer({ localPort: segment.dstPort, segment });
  });
  return stop;
}

/** Reports the first SYN that comes from `from`, whatever local port it has come to. */
export function watchPeerSyn(
  recorder: Recorder,
  from: Endpoint,
  onSyn: (syn: { readonly localPort: number; readonly segment: TcpSegment }) => void,
): () => void {
  const stop = recorder.tap((packet) => {
    if (packet.direction !== "in") return;
    const segment = segmentBetween(packet, { src: from.ip });
    if (!segment || segment.srcPort !== from.port) return;
    if ((segment.flags & (TCP_FLAG.syn | TCP_FLAG.ack | TCP_FLAG.rst)) !== TCP_FLAG.syn) return;
    stop();
    onSyn({ localPort: segment.dstPort, segment });
  });
  return stop;
}

/** Where an IPv4 header has its identification (RFC 791 section 3.1). */
const IDENTIFICATION = 4;

/** The flood's SYNs: one ISN, so that X's answer fits whichever mapping it hits. */
export function* floodDatagrams(flood: {
  src: Ipv4;
  to: Endpoint;
  ttl: number;
  isn: number;
  ports: readonly number[];
}): Generator<Uint8Array> {
  const { src, to, ttl, isn, ports } = flood;
  const addresses = { src, dst: to.ip };
  for (const srcPort of ports) {
    const payload = encodeTcp(
      {
        srcPort: srcPort as Port,
        dstPort: to.port,
        seq: isn,
        ack: 0,
        flags: TCP_FLAG.syn,
        window: LINUX_WINDOW,
        options: [{ kind: "mss", bytes: 1460 }],
      },
      addresses,
    );
    yield encodeIpv4({ ...addresses, ttl, id: srcPort, protocol: PROTOCOL.tcp, dontFragment: true, payload });
  }
}

/** The TCP segment of a packet from `src` or to `dst`; the address is compared before anything is decoded. */
function segmentBetween(packet: SeenPacket, { src, dst }: { src?: Ipv4; dst?: Ipv4 }): TcpSegment | undefined {
  const address = packet.view.getUint32(packet.start + (src === undefined ? 16 : 12));
  if (address !== ipv4ToU32((src ?? dst) as Ipv4)) return undefined;
  const decoded = decodeIpv4(packet.bytes);
  if (!decoded.ok || decoded.value.protocol !== PROTOCOL.tcp) return undefined;
  const segment = decodeTcp(decoded.value.payload);
  return segment.ok ? segment.value : undefined;
}
