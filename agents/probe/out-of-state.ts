import type { Endpoint } from "../../wire/address.ts";
import type { Tested } from "../../wire/fingerprint.ts";
import { TCP_FLAG } from "../../wire/tcp.ts";
import { sendSegment, skipped, type PacketGround } from "./ground.ts";
import { after, openSyn, segmentAt } from "./mapping.ts";

const SYN_ACK = TCP_FLAG.syn | TCP_FLAG.ack;

/** Sends a SYN+ACK behind a SYN of our own, as the NATBLASTER program of 2005 does, and has X look where it comes from. */
export async function testOutOfState(
  ground: PacketGround,
): Promise<Tested<{ readonly mapping: Endpoint; readonly from?: Endpoint }>> {
  const open = await openSyn(ground);
  if (!open) return skipped("X did not see the SYN");
  const { line, silenceMs, draw } = ground;
  line.watch(open.isnSeen);
  await line.caughtUp();
  const seen = await line.seen(
    (sighting) => segmentAt(sighting, open.x, SYN_ACK),
    silenceMs,
    () => sendSegment(ground, { from: open.local, to: open.x, flags: SYN_ACK, seq: open.isn, ack: after(draw(), 1) }),
  );
  return { ran: true, mapping: open.outside, ...(seen ? { from: seen.src } : {}) };
}
