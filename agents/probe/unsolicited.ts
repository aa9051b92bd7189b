import type { SynFate, Tested } from "../../wire/fingerprint.ts";
import { TCP_FLAG } from "../../wire/tcp.ts";
import { ownEndpoint, sendSegment, skipped, type Ground, type PacketGround } from "./ground.ts";
import { knock, synFromX } from "./knock.ts";
import { hasFlags } from "./mapping.ts";
import { sameEndpoint } from "../../wire/address.ts";

/** From the well-known ports, which no allocator gives to a connection and hardly a service uses. */
const UNMAPPED = { from: 700, count: 200 };

/** The host's SYN is sent again like any that nobody answers, so that its mapping lasts as long as the test. */
const SYN_EVERY_MS = 300;

/** A SYN to a port without mapping. */
export async function testUnsolicited(ground: Ground, listenMs: number): Promise<Tested<{ readonly fate: SynFate }>> {
  const from = ground.line.endpoint(0, ground.ports.silent());
  if (!from) return skipped("X has no address");
  const to = UNMAPPED.from + (ground.draw() % UNMAPPED.count);
  const { fate } = await knock(ground, synFromX(ground, from, to), { listenMs });
  return { ran: true, fate };
}

/**
 * A SYN to a port without mapping, followed by the host's own SYN from that port: RFC 5382 REQ-4 wants silence then. Only a NAT that
 * gives the host's connection the same outside port can be tried.
 */
export async function testUnsolicitedThenSyn(
  ground: PacketGround,
  listenMs: number,
): Promise<Tested<{ readonly fate: SynFate }>> {
  const { line, ports, draw } = ground;
  const [from, localPort] = [line.endpoint(0, ports.silent()), ports.local()];
  if (!from) return skipped("X has no address");
  let outsidePort: number | undefined;
  const stop = line.listen((sighting) => {
    if (sighting.t === "seen" && sameEndpoint(sighting.dst, from) && hasFlags(sighting.flags, TCP_FLAG.syn))
      outsidePort = sighting.src.port;
  });
  const own = { from: ownEndpoint(ground, localPort), to: from, flags: TCP_FLAG.syn, seq: draw(), ack: 0 };
  const repeat = setInterval(() => sendSegment(ground, own), SYN_EVERY_MS);
  const { fate } = await knock(ground, synFromX(ground, from, localPort), { listenMs }).finally(() => {
    clearInterval(repeat);
    stop();
  });
  if (fate.kind === "silence" && outsidePort === undefined) return skipped("X did not see the host's own SYN");
  if (fate.kind === "silence" && outsidePort !== localPort)
    return skipped(`the NAT gave local port ${localPort} another outside port, ${outsidePort}`);
  return { ran: true, fate };
}
