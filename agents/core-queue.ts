import { readFileSync } from "node:fs";
import { decodeQueue, encodeQueueBind, encodeQueueCopy, encodeQueueVerdict } from "../wire/nfqueue.ts";
import { splitNetlink } from "../wire/netlink.ts";
import { NetfilterSocket } from "./net/netlink-socket.ts";
import { watchReadable } from "./net/poll.ts";

/** Queue number of R's iptables rules (orchestrator/plan/core.ts). */
const QUEUE = 0;
const X_INTERFACE = "wan-x";

/**
 * The user-space hop in R. R's iptables rules queue here, in one first-in-first-out queue, R's own ICMP errors and all that
 * goes to or comes from X. It exists for two reasons:
 * - On zero-latency links an ICMP error arrives inside the connect() that caused it, while the socket is locked, and the
 *   kernel takes it for a soft error (tcp_v4_err(), sock_owned_by_user). A hop through user space makes it arrive later,
 *   as on any real network; and because X's packets share the queue, never after X's answer to the same SYN.
 * - X's link can be cut and restored without taking an interface down.
 */
export class CoreQueue {
  readonly #socket = new NetfilterSocket();
  #cut = false;
  #dropped = 0;
  #xInterface = -1;

  start(): void {
    this.#xInterface = Number(readFileSync(`/sys/class/net/${X_INTERFACE}/ifindex`, "utf8"));
    this.#socket.send(encodeQueueBind(1, QUEUE));
    this.#socket.send(encodeQueueCopy(2, QUEUE, { mode: "meta" }));
    watchReadable(this.#socket.fd, () => this.#serve());
  }

  /** Cuts or restores X's link; returns how many packets the last cut has dropped. */
  setLink(state: "up" | "cut"): number {
    const dropped = this.#dropped;
    if (state === "cut") this.#dropped = 0;
    this.#cut = state === "cut";
    return dropped;
  }

  #serve(): void {
    for (let datagram = this.#socket.receive(); datagram; datagram = this.#socket.receive()) {
      for (const message of splitNetlink(datagram).messages) {
        const queued = decodeQueue(message);
        if (!queued.ok) continue;
        if (queued.value.type === "error") throw new Error(`nfqueue: ${JSON.stringify(queued.value)}`);
        if (queued.value.type !== "packet") continue;
        const { packetId, inDevice, outDevice } = queued.value;
        const drop = this.#cut && (inDevice === this.#xInterface || outDevice === this.#xInterface);
        if (drop) this.#dropped += 1;
        this.#socket.send(encodeQueueVerdict({ queue: QUEUE, packetId, verdict: drop ? "drop" : "accept" }));
      }
    }
  }
}
