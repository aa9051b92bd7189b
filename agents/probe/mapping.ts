import { sameEndpoint, type Endpoint, type Port } from "../../wire/address.ts";
import { TCP_FLAG } from "../../wire/tcp.ts";
import { TcpSocket } from "../net/tcp-socket.ts";
import { ownEndpoint, sendSegment, type PacketGround } from "./ground.ts";
import type { Sighting } from "./x-line.ts";

const { syn: SYN, ack: ACK, rst: RST, fin: FIN } = TCP_FLAG;
const CONTROL = SYN | ACK | RST | FIN;
/** A packet that got lost is sent again so often. */
const TRIES = 3;

/** A SYN of ours as X saw it: a mapping in SYN_SENT. */
export interface OpenSyn {
  readonly local: Endpoint;
  readonly x: Endpoint;
  /** Our initial sequence number as sent, and as X saw it. */
  readonly isn: number;
  readonly isnSeen: number;
  /** Where the SYN came from. */
  readonly outside: Endpoint;
}

/** A segment that X saw. */
export type SeenSegment = Extract<Sighting, { t: "seen" }>;

interface Target {
  /** Index of X's address; 0 where absent. */
  readonly address?: number;
  readonly localPort?: Port;
  readonly xPort?: Port;
}

/** Whether the control bits that make a segment what it is are exactly these. */
export function hasFlags(flags: number, wanted: number): boolean {
  return (flags & CONTROL) === wanted;
}

/** Sends a raw SYN, from a port that no socket owns, to a silent port of X. Undefined where X never sees it. */
export async function openSyn(ground: PacketGround, target: Target = {}): Promise<OpenSyn | undefined> {
  const { line, ports, draw } = ground;
  const x = line.endpoint(target.address ?? 0, target.xPort ?? ports.silent());
  if (!x) return undefined;
  const local = ownEndpoint(ground, target.localPort ?? ports.local());
  const isn = draw();
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const seen = await seenSyn(ground, x, () =>
      sendSegment(ground, { from: local, to: x, flags: SYN, seq: isn, ack: 0 }),
    );
    if (seen) return { local, x, isn, isnSeen: seen.seq, outside: seen.src };
  }
  return undefined;
}

/** The first SYN that X sees at `x` from `send` on. */
function seenSyn({ line, silenceMs }: PacketGround, x: Endpoint, send: () => void): Promise<SeenSegment | undefined> {
  return line.seen((sighting) => segmentAt(sighting, x, SYN), silenceMs, send);
}

/** The segment of a sighting, where it arrived at `x` with these control bits. */
export function segmentAt(sighting: Sighting, x: Endpoint, flags: number): SeenSegment | undefined {
  return sighting.t === "seen" && sameEndpoint(sighting.dst, x) && hasFlags(sighting.flags, flags)
    ? sighting
    : undefined;
}

/** A connection between a kernel socket of ours and a silent port of X, whose part the prober plays by X's hand. */
export interface Established extends OpenSyn {
  /** X's initial sequence number. */
  readonly xIsn: number;
  /** What X's SYN+ACK acknowledged when it arrived here. */
  readonly ackArrived: number;
  readonly socket: TcpSocket;
}

/** Opens one; undefined where a packet of the handshake does not come through. The caller destroys the socket. */
export async function openEstablished(ground: PacketGround): Promise<Established | undefined> {
  const { line, ports, draw, raw } = ground;
  const x = line.endpoint(0, ports.silent());
  if (!x) return undefined;
  const local = ownEndpoint(ground, ports.local());
  const socket = new TcpSocket({ localPort: local.port });
  let isn = 0;
  const stop = raw.ear.listen(local.port, (heard) => {
    if (heard.kind === "segment" && heard.direction === "out" && hasFlags(heard.flags, SYN)) isn = heard.seq;
  });
  const connected = socket.connect(x.ip, x.port);
  connected.catch(() => {}); // the handshake below says whether it came about
  const syn = await seenSyn({ ...ground, silenceMs: TRIES * ground.silenceMs + RETRANSMIT_MS }, x, () => {});
  stop();
  const xIsn = draw();
  const open = syn && { local, x, isn, isnSeen: syn.seq, outside: syn.src, xIsn, socket };
  const ackArrived = open && (await answerSyn(ground, open));
  if (open && ackArrived !== undefined) return { ...open, ackArrived };
  socket.destroy();
  return undefined;
}

/** A kernel sends a lost SYN again after a second. */
const RETRANSMIT_MS = 1_100;

/** Has X send the SYN+ACK until it has seen our ACK; returns what the SYN+ACK acknowledged when it arrived. */
async function answerSyn(ground: PacketGround, open: OpenSyn & Pick<Established, "xIsn">): Promise<number | undefined> {
  const { line, raw, silenceMs } = ground;
  let ackArrived: number | undefined;
  const stop = raw.ear.listen(open.local.port, (heard) => {
    if (heard.kind === "segment" && heard.direction === "in" && hasFlags(heard.flags, SYN | ACK))
      ackArrived ??= heard.ack;
  });
  try {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const acked = await line.seen(
        (sighting) => segmentAt(sighting, open.x, ACK),
        silenceMs,
        () => line.send(fromX(open, { flags: SYN | ACK, seq: open.xIsn, ack: after(open.isnSeen, 1) })),
      );
      if (acked) return ackArrived;
    }
    return undefined;
  } finally {
    stop();
  }
}

interface Numbers {
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  readonly bytes?: number;
}

/** A segment from a mapping's own endpoint of X to its outside port. */
export function fromX(
  { x, outside }: Pick<OpenSyn, "x" | "outside">,
  { flags, seq, ack, bytes = 0 }: Numbers,
): { t: "segment"; from: Endpoint; to: number; flags: number; seq: number; ack: number; bytes: number } {
  return { t: "segment", from: x, to: outside.port, flags, seq, ack, bytes };
}

/** A sequence number so many bytes on. */
export function after(seq: number, bytes: number): number {
  return (seq + bytes) >>> 0;
}
