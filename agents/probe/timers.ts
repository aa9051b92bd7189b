import { setTimeout as sleep } from "node:timers/promises";
import type { Tested, TimerPoint } from "../../wire/fingerprint.ts";
import { TCP_FLAG } from "../../wire/tcp.ts";
import type { PacketGround } from "./ground.ts";
import { knock, type Knock } from "./knock.ts";
import { after, fromX, openEstablished, openSyn, segmentAt, type Established } from "./mapping.ts";

/** How long mappings are left alone, in ms, by the state that they are left in. */
export interface IdleTimes {
  readonly synSent: readonly number[];
  readonly established: readonly number[];
  readonly closing: readonly number[];
}

interface Timers {
  readonly synSent: readonly TimerPoint[];
  readonly established: readonly TimerPoint[];
  readonly closing: readonly TimerPoint[];
}

const { syn: SYN, ack: ACK, fin: FIN } = TCP_FLAG;

/** Opens a mapping for each idle time, all at once, and tries each from its own peer once its time is over. */
export async function testTimers(ground: PacketGround, idle: IdleTimes): Promise<Tested<Timers>> {
  const points = (times: readonly number[], tryAfter: (idleMs: number) => Promise<Knock | undefined>) =>
    Promise.all(
      times.map(async (idleMs) => {
        const tried = await tryAfter(idleMs);
        return tried ? [{ idleMs, alive: tried.arrived }] : []; // a mapping that never came about tells nothing of timers
      }),
    ).then((all) => all.flat());
  const [synSent, established, closing] = await Promise.all([
    points(idle.synSent, (idleMs) => trySynSent(ground, idleMs)),
    points(idle.established, (idleMs) => tryEstablished(ground, idleMs)),
    points(idle.closing, (idleMs) => tryClosing(ground, idleMs)),
  ]);
  return { ran: true, synSent, established, closing };
}

async function trySynSent(ground: PacketGround, idleMs: number): Promise<Knock | undefined> {
  const open = await openSyn(ground);
  if (!open) return undefined;
  await ground.line.orLost(sleep(idleMs));
  const errand = fromX(open, { flags: SYN | ACK, seq: ground.draw(), ack: after(open.isnSeen, 1) });
  return knock(ground, errand, { localPort: open.local.port, listenMs: ground.silenceMs });
}

async function tryEstablished(ground: PacketGround, idleMs: number): Promise<Knock | undefined> {
  const open = await openEstablished(ground);
  if (!open) return undefined;
  try {
    await ground.line.orLost(sleep(idleMs));
    const errand = fromX(open, { flags: ACK, seq: after(open.xIsn, 1), ack: after(open.isnSeen, 1), bytes: 4 });
    return await knock(ground, errand, { localPort: open.local.port, listenMs: ground.silenceMs });
  } finally {
    open.socket.destroy();
  }
}

/** A machine without time to spare may close too slowly: a mapping that ended meanwhile tells nothing of how long one lasts. */
const CLOSING_TRIES = 3;

async function tryClosing(ground: PacketGround, idleMs: number): Promise<Knock | undefined> {
  for (let attempt = 0; attempt < CLOSING_TRIES; attempt += 1) {
    const tried = await tryClosed(ground, idleMs);
    if (tried) return tried;
  }
  return undefined;
}

async function tryClosed(ground: PacketGround, idleMs: number): Promise<Knock | undefined> {
  const open = await openEstablished(ground);
  if (!open) return undefined;
  try {
    if (!(await close(ground, open))) return undefined;
    await ground.line.orLost(sleep(idleMs));
    return await knock(ground, finOf(open), { localPort: open.local.port, listenMs: ground.silenceMs });
  } finally {
    open.socket.destroy();
  }
}

/** An acknowledgement comes at once, unless X's machine is short of time; only where there is none is it waited for so long. */
const ACKNOWLEDGED_WITHIN_MS = 3_000;

/** Both ends send FIN and see it acknowledged; whether that came about. */
async function close(ground: PacketGround, open: Established): Promise<boolean> {
  const seen = (flags: number, ack: number, act: () => void): Promise<true | undefined> =>
    ground.line.seen(
      (sighting) => (segmentAt(sighting, open.x, flags)?.ack === ack ? true : undefined),
      Math.max(ground.silenceMs, ACKNOWLEDGED_WITHIN_MS),
      act,
    );
  const closed = await seen(FIN | ACK, after(open.xIsn, 1), () => open.socket.stream.end());
  return Boolean(closed && (await seen(ACK, after(open.xIsn, 2), () => ground.line.send(finOf(open)))));
}

/** X's FIN, which also acknowledges ours. */
function finOf(open: Established): ReturnType<typeof fromX> {
  return fromX(open, { flags: FIN | ACK, seq: after(open.xIsn, 1), ack: after(open.isnSeen, 2) });
}
