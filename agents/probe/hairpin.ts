import { setTimeout as sleep } from "node:timers/promises";
import type { Endpoint } from "../../wire/address.ts";
import type { Tested } from "../../wire/fingerprint.ts";
import { TCP_FLAG } from "../../wire/tcp.ts";
import { sendSegment, skipped, within, type PacketGround } from "./ground.ts";
import { hasFlags, openSyn, type OpenSyn } from "./mapping.ts";

/** Between two SYNs: long enough for the NAT to have seen the first. */
const APART_MS = 10;

/**
 * Two local ports that each send a SYN to the other's outside endpoint, the first one again behind the second's: behind a NAT that
 * filters by the peer's endpoint only then does either come through (RFC 5382 REQ-8).
 */
export async function testHairpin(
  ground: PacketGround,
): Promise<Tested<{ readonly arrived: boolean; readonly from?: Endpoint }>> {
  const { line, raw, silenceMs } = ground;
  if (line.outside === line.inside) return skipped("there is no NAT: the host's own address is the outside one");
  const [one, other] = await Promise.all([openSyn(ground), openSyn(ground)]);
  if (!one || !other) return skipped("X did not see the SYNs");
  const from = await within<Endpoint>(silenceMs + 2 * APART_MS, (found) => {
    const stops = [one, other].map(({ local }) =>
      raw.ear.listen(local.port, (heard) => {
        if (heard.kind === "segment" && heard.direction === "in" && hasFlags(heard.flags, TCP_FLAG.syn))
          found(heard.from);
      }),
    );
    void crossSyns(ground, one, other);
    return () => stops.forEach((stop) => stop());
  });
  return { ran: true, arrived: from !== undefined, ...(from ? { from } : {}) };
}

async function crossSyns(ground: PacketGround, one: OpenSyn, other: OpenSyn): Promise<void> {
  const send = ({ local, isn }: OpenSyn, { outside }: OpenSyn): void =>
    sendSegment(ground, { from: local, to: outside, flags: TCP_FLAG.syn, seq: isn, ack: 0 });
  send(one, other);
  await sleep(APART_MS);
  send(other, one);
  await sleep(APART_MS);
  send(one, other);
}
