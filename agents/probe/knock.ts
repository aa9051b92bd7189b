import { sameEndpoint, type Endpoint, type Ipv4 } from "../../wire/address.ts";
import type { SynFate } from "../../wire/fingerprint.ts";
import { TCP_FLAG } from "../../wire/tcp.ts";
import type { Ground } from "./ground.ts";
import { hasFlags } from "./mapping.ts";
import type { Errand } from "./x-line.ts";

type SegmentErrand = Extract<Errand, { t: "segment" }>;

/** What became of one packet that X sent inward. */
export interface Knock {
  readonly arrived: boolean;
  readonly fate: SynFate;
}

interface Listening {
  /** Where the segment is to arrive; without it, or without raw packets here, only answers count. */
  readonly localPort?: number;
  /** Only from this address, where two of X's answer from the same port. */
  readonly from?: Ipv4;
  /** How long nothing has to be heard, from the moment that X sent the segment. */
  readonly listenMs: number;
}

/**
 * Has X send a segment, and waits until it arrives here, X hears an answer, or nothing was heard for `listenMs`. Rejects where X is lost.
 */
export async function knock(
  ground: Ground,
  errand: SegmentErrand,
  { localPort, from, listenMs }: Listening,
): Promise<Knock> {
  const { line, raw } = ground;
  const outcome = Promise.withResolvers<Knock>();
  let sentAtUs: number | undefined;
  let sentAt = performance.now();
  let late: NodeJS.Timeout | undefined;
  const silence = (): SynFate => ({ kind: "silence", waitedMs: Math.round(performance.now() - sentAt) });
  const stopListening = line.listen((sighting) => {
    const fate = answerTo(errand, sighting, sentAtUs);
    if (fate) outcome.resolve({ arrived: false, fate });
  });
  const stopHearing =
    localPort === undefined
      ? undefined
      : raw?.ear.listen(localPort, (heard) => {
          if (heard.kind !== "segment" || heard.direction !== "in" || heard.from.port !== errand.from.port) return;
          if (from !== undefined && heard.from.ip !== from) return;
          if (hasFlags(heard.flags, errand.flags & ~TCP_FLAG.psh)) outcome.resolve({ arrived: true, fate: silence() });
        });
  line.send(errand, (atUs) => {
    [sentAtUs, sentAt] = [atUs, performance.now()];
    late = setTimeout(() => {
      line.caughtUp().then(() => outcome.resolve({ arrived: false, fate: silence() }), outcome.reject);
    }, listenMs);
  });
  try {
    return await line.orLost(outcome.promise);
  } finally {
    clearTimeout(late);
    stopListening();
    stopHearing?.();
  }
}

type Sighting = Parameters<Parameters<Ground["line"]["listen"]>[0]>[0];

/** What a packet that X saw says about the segment that it had sent; undefined where it says nothing. */
function answerTo({ from, to }: SegmentErrand, sighting: Sighting, sentAtUs?: number): SynFate | undefined {
  if (sentAtUs === undefined) return undefined;
  const afterMs = Math.max(0, (sighting.atUs - sentAtUs) / 1000);
  if (sighting.t === "seen-icmp") {
    if (!sameEndpoint(sighting.src, from) || sighting.dst.port !== to) return undefined;
    return { kind: "icmp", type: sighting.type, code: sighting.code, by: sighting.by, afterMs };
  }
  if (!sameEndpoint(sighting.dst, from) || sighting.src.port !== to) return undefined;
  if (sighting.flags & TCP_FLAG.rst) return { kind: "reset", afterMs };
  if (hasFlags(sighting.flags, TCP_FLAG.syn | TCP_FLAG.ack)) return { kind: "accepted", afterMs };
  return undefined;
}

/** A SYN from an endpoint of X to a port of our outside address. */
export function synFromX({ draw }: Ground, from: Endpoint, to: number): SegmentErrand {
  return { t: "segment", from, to, flags: TCP_FLAG.syn, seq: draw(), ack: 0, bytes: 0 };
}
