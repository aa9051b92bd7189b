import type { Endpoint } from "../../wire/address.ts";
import type { Tested } from "../../wire/fingerprint.ts";
import { TCP_FLAG } from "../../wire/tcp.ts";
import { ownEndpoint, sendSegment, skipped, type PacketGround } from "./ground.ts";
import { knock } from "./knock.ts";
import { after, segmentAt } from "./mapping.ts";

interface Routed {
  readonly from?: Endpoint;
  readonly answerFromFinal: boolean;
  readonly answerFromX: boolean;
}

/** A SYN to X's second address, loosely source-routed over the first (RFC 791 section 3.1), and SYN+ACKs back from both. */
export async function testSourceRoute(ground: PacketGround): Promise<Tested<Routed>> {
  const { line, ports, draw, silenceMs } = ground;
  const [xPort, localPort, seq] = [ports.silent(), ports.local(), draw()];
  const [via, final] = [line.endpoint(0, xPort), line.endpoint(1, xPort)];
  if (!via || !final) return skipped("X has one address only");
  line.watch(seq);
  await line.caughtUp();
  const from = ownEndpoint(ground, localPort);
  const syn = await line.seen(
    (sighting) => segmentAt(sighting, via, TCP_FLAG.syn) ?? segmentAt(sighting, final, TCP_FLAG.syn),
    silenceMs,
    () => sendSegment(ground, { from, to: final, via: via.ip, flags: TCP_FLAG.syn, seq, ack: 0 }),
  );
  if (!syn) return { ran: true, answerFromFinal: false, answerFromX: false };
  const answer = async (from: Endpoint): Promise<boolean> => {
    const numbers = { flags: TCP_FLAG.syn | TCP_FLAG.ack, seq: draw(), ack: after(syn.seq, 1), bytes: 0 };
    const errand = { t: "segment", from, to: syn.src.port, ...numbers } as const;
    return (await knock(ground, errand, { localPort, from: from.ip, listenMs: silenceMs })).arrived;
  };
  const [answerFromFinal, answerFromX] = await Promise.all([answer(final), answer(via)]);
  return { ran: true, from: syn.src, answerFromFinal, answerFromX };
}
