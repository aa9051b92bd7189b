import { PLAIN_CORE, type CoreModel } from "../../wire/control.ts";
import { CORE_QUEUES, hopAddress } from "../../wire/core.ts";
import { u32ToIpv4 } from "../../wire/address.ts";
import { u8, u32be } from "../../wire/bytes.ts";
import {
  decodeQueue,
  encodeQueueBind,
  encodeQueueCopy,
  encodeQueueLength,
  encodeQueueVerdict,
  encodeQueueVerdicts,
  type QueuedPacket,
} from "../../wire/nfqueue.ts";
import { splitNetlink } from "../../wire/netlink.ts";
import { seededDraws } from "../../wire/seeded.ts";
import { log } from "../channel.ts";
import { Alarm } from "../net/alarm.ts";
import { realtimeUs } from "../net/libc.ts";
import { NetfilterSocket } from "../net/netlink-socket.ts";
import { watchReadable } from "../net/poll.ts";
import { RawSocket } from "../net/raw-socket.ts";
import { DelayLine } from "./delay-line.ts";
import { readLinks, type Links } from "./links.ts";
import { QUOTED_BYTES, timeExceeded } from "./time-exceeded.ts";

const { crossing, expiring } = CORE_QUEUES;
/** Packets that may be under way: 50 ms of a full gigabit are 4,300. */
const MOST_HELD = 65_536;
/** What is due within so short a time goes on with the rest: waking once more would take as long. */
const SLACK_MS = 0.03;
/** Packets taken in at a time: those that are due must not wait for a flood to end. */
const AT_ONCE = 256;
/** Offsets in an IPv4 header (RFC 791 section 3.1). */
const [TTL_AT, DESTINATION_AT] = [8, 16];
/** A birthday's errors, all of them under way at once. */
const ERRORS_HELD_BYTES = 16 << 20;
const PREROUTING = 0;

/**
 * The user-space hop in R. R's iptables rules (orchestrator/plan/core.ts) queue here what ends at R, ICMP that passes it, and all that
 * goes to or comes from X; of a core with delay or loss, everything. It exists for these reasons:
 * - On zero-latency links an ICMP error arrives inside the connect() that caused it, while the socket is locked, and the
 *   kernel takes it for a soft error (tcp_v4_err(), sock_owned_by_user). A hop through user space makes it arrive later,
 *   as on any real network; and because X's packets take the same way, never after X's answer to the same SYN.
 * - The kernel's own errors would be held at the expense of one socket for each processor (net/ipv4/icmp.c icmp_xmit_lock()), which
 *   all namespaces share: a birthday's flood in one world would use it up, and the errors of the other worlds would never be sent.
 * - X's link can be cut and restored without taking an interface down.
 * - A core's delay and loss need neither netem, which many kernels lack, nor tc: packets are held until they are due.
 * - What dies at a router between a NAT and R is answered from that router's address.
 */
export class CoreQueue {
  readonly #socket = new NetfilterSocket();
  readonly #line = new DelayLine();
  readonly #alarm = new Alarm(() => this.#release());
  readonly #raw = new RawSocket(ERRORS_HELD_BYTES);
  #links: Links = { x: -1, address: new Map() };
  #core: CoreModel = PLAIN_CORE;
  #draws = seededDraws("");
  #cut = false;
  #dropped = 0;

  start(): void {
    this.#links = readLinks();
    for (const queue of [crossing, expiring]) this.#socket.send(encodeQueueBind(1, queue));
    for (const queue of [crossing, expiring]) this.#socket.send(encodeQueueLength(2, queue, MOST_HELD));
    this.#socket.send(encodeQueueCopy(3, crossing, { mode: "meta" }));
    this.#socket.send(encodeQueueCopy(3, expiring, { mode: "packet", range: QUOTED_BYTES }));
    watchReadable(this.#socket.fd, () => this.#serve());
  }

  /** Behaves like `core` from now on; what is held goes on at once. The same seed loses the same packets of a sequence. */
  set(core: CoreModel, seed: number): void {
    this.#release(Infinity);
    this.#core = core;
    this.#draws = seededDraws(`${seed}/loss`);
    log("core", { ...core, seed, heldBy: core.delayMs > 0 ? "nfqueue with timerfd" : "nothing" });
  }

  /** Cuts or restores X's link; returns how many packets the last cut has dropped. What is under way on the link is lost with it. */
  setLink(state: "up" | "cut"): number {
    const dropped = this.#dropped;
    if (state === "cut") this.#dropped = 0;
    this.#cut = state === "cut";
    if (this.#cut) this.#dropped += this.#forget(({ byX }) => byX);
    return dropped;
  }

  /** Drops everything that is held or waits to be; returns how many packets that were. */
  drain(): number {
    this.#serve();
    return this.#forget(() => true);
  }

  #forget(which: Parameters<DelayLine["take"]>[0]): number {
    const lost = this.#line.take(which);
    for (const { packetId } of lost) this.#drop(crossing, packetId);
    return lost.length;
  }

  #serve(): void {
    const aheadMs = realtimeAheadMs();
    let accepted: number | undefined;
    for (let taken = 0; taken < AT_ONCE; taken += 1) {
      const datagram = this.#socket.receive();
      if (!datagram) break;
      for (const message of splitNetlink(datagram).messages) {
        const queued = decodeQueue(message);
        if (!queued.ok) continue;
        if (queued.value.type === "error" && queued.value.errno !== ENOENT)
          throw new Error(`nfqueue: ${JSON.stringify(queued.value)}`);
        if (queued.value.type !== "packet") continue;
        const packet = queued.value;
        if (packet.queue === expiring) this.#expire(packet);
        else if (this.#loses(packet)) this.#drop(crossing, packet.packetId);
        else if (this.#core.delayMs === 0) accepted = packet.packetId;
        else this.#hold(packet, aheadMs);
      }
    }
    if (accepted !== undefined) this.#accept(accepted);
    this.#release();
  }

  #loses({ inDevice, outDevice }: QueuedPacket): boolean {
    const { lossPercent } = this.#core;
    if (lossPercent > 0 && this.#draws.next().value * 100 < lossPercent) return true;
    const cut = this.#cut && (inDevice === this.#links.x || outDevice === this.#links.x);
    if (cut) this.#dropped += 1;
    return cut;
  }

  /** The delay counts from the kernel's timestamp: a busy event loop does not add to it. */
  #hold({ packetId, atUs, inDevice, outDevice }: QueuedPacket, aheadMs: number): void {
    const { delayMs } = this.#core;
    const nowMs = performance.now();
    const ageMs = atUs === undefined ? 0 : nowMs - (atUs / 1e3 - aheadMs);
    const byX = inDevice === this.#links.x || outDevice === this.#links.x;
    this.#line.hold({ packetId, dueMs: nowMs - Math.min(Math.max(ageMs, 0), delayMs) + delayMs, byX });
  }

  #release(untilMs = performance.now() + SLACK_MS): void {
    const last = this.#line.release(untilMs);
    if (last) this.#accept(last.packetId);
    const { nextDueMs } = this.#line;
    if (nextDueMs !== undefined && !this.#alarm.isSet) this.#alarm.set(nextDueMs - performance.now());
  }

  /** Ends a packet at R or at a router between a NAT and R, and answers it. */
  #expire({ packetId, hook, inDevice, outDevice, payload }: QueuedPacket): void {
    const device = (hook === PREROUTING ? inDevice : outDevice) ?? -1;
    const verdict = [...this.#links.address.values()].includes(u32ToIpv4(u32be(payload, DESTINATION_AT)))
      ? "accept"
      : "drop";
    this.#socket.send(encodeQueueVerdict({ queue: expiring, packetId, verdict }));
    const link = this.#links.address.get(device);
    if (verdict === "accept" || this.#core.icmp === "off" || !link) return;
    const ttl = Math.max(1, u8(payload, TTL_AT));
    const { extraHops } = device === this.#links.x ? PLAIN_CORE : this.#core;
    const nth = hook === PREROUTING ? ttl : extraHops + 1 - ttl;
    const answer = timeExceeded(payload, nth > extraHops ? link : hopAddress(link, nth));
    if (answer) this.#raw.send(answer.datagram, answer.to);
  }

  #accept(upTo: number): void {
    this.#socket.send(encodeQueueVerdicts({ queue: crossing, packetId: upTo, verdict: "accept" }));
  }

  #drop(queue: number, packetId: number): void {
    this.#socket.send(encodeQueueVerdict({ queue, packetId, verdict: "drop" }));
  }
}

/**
 * How far the clock of packet timestamps is ahead of performance.now(). A process that lost the processor between the two readings asks
 * again: packets would go on too early.
 */
function realtimeAheadMs(): number {
  let best = { gapMs: Infinity, aheadMs: 0 };
  for (let tries = 0; tries < 5 && best.gapMs > 0.02; tries += 1) {
    const before = performance.now();
    const realtimeMs = realtimeUs() / 1e3;
    const gapMs = performance.now() - before;
    if (gapMs < best.gapMs) best = { gapMs, aheadMs: realtimeMs - before };
  }
  return best.aheadMs;
}

/** A packet whose interface went away is gone from the queue before its verdict. */
const ENOENT = 2;
