import { setTimeout as sleep } from "node:timers/promises";
import type { AfterSyn, Stimulus, Tested } from "../../wire/fingerprint.ts";
import { TCP_FLAG } from "../../wire/tcp.ts";
import { skipped, type PacketGround } from "./ground.ts";
import { knock, synFromX } from "./knock.ts";
import { after, fromX, hasFlags, openSyn, type OpenSyn } from "./mapping.ts";
import type { Errand } from "./x-line.ts";

/** One of the eight probes. */
export type SynProbe = Pick<AfterSyn, "stimulus" | "probe">;

/** A NAT may act on a stimulus that it has passed on. */
const SETTLE_MS = 20;
/** A stimulus that did not come through within this share of the silence time, after X sent it, will not. */
const STIMULUS_SHARE = 0.5;

/** Probes mappings in SYN_SENT from their own peer, each on a mapping of its own, all at once. */
export async function testAfterSyn(
  ground: PacketGround,
  wanted: readonly SynProbe[],
): Promise<Tested<{ readonly probes: readonly AfterSyn[] }>> {
  const probes = await Promise.all(wanted.map((probe) => probeAfterSyn(ground, probe)));
  const seen = probes.filter((probe) => probe !== undefined);
  return seen.length === wanted.length ? { ran: true, probes: seen } : skipped("X did not see every SYN");
}

async function probeAfterSyn(ground: PacketGround, { stimulus, probe }: SynProbe): Promise<AfterSyn | undefined> {
  const open = await openSyn(ground);
  if (!open) return undefined;
  const stimulusArrived = stimulus === "none" ? undefined : await stimulate(ground, open, stimulus);
  const errand =
    probe === "syn"
      ? synFromX(ground, open.x, open.outside.port)
      : fromX(open, { flags: TCP_FLAG.syn | TCP_FLAG.ack, seq: ground.draw(), ack: after(open.isnSeen, 1) });
  const { arrived, fate } = await knock(ground, errand, { localPort: open.local.port, listenMs: ground.silenceMs });
  return {
    stimulus,
    probe,
    ...(stimulusArrived === undefined ? {} : { stimulusArrived }),
    probeArrived: arrived,
    fate,
  };
}

/** Has X send a RST or an ICMP error for our SYN; whether it arrived here. */
async function stimulate(ground: PacketGround, open: OpenSyn, stimulus: Exclude<Stimulus, "none">): Promise<boolean> {
  const { line, raw, silenceMs, draw } = ground;
  const errand: Errand =
    stimulus === "reset"
      ? fromX(open, { flags: TCP_FLAG.rst | TCP_FLAG.ack, seq: draw(), ack: after(open.isnSeen, 1) })
      : { t: "icmp", error: stimulus, from: open.x, to: open.outside.port, seq: open.isnSeen };
  const arrived = Promise.withResolvers<boolean>();
  const stop = raw.ear.listen(open.local.port, (heard) => {
    if (heard.kind === "icmp" ? stimulus !== "reset" : stimulus === "reset" && isIncomingReset(heard))
      arrived.resolve(true);
  });
  line.send(errand, () => {
    setTimeout(() => line.caughtUp().then(() => arrived.resolve(false), arrived.reject), silenceMs * STIMULUS_SHARE);
  });
  try {
    const came = await line.orLost(arrived.promise);
    await sleep(SETTLE_MS);
    return came;
  } finally {
    stop();
  }
}

function isIncomingReset({ direction, flags }: { readonly direction: "in" | "out"; readonly flags: number }): boolean {
  return direction === "in" && hasFlags(flags & ~TCP_FLAG.ack, TCP_FLAG.rst);
}
