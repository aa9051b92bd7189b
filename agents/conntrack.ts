import {
  CONNTRACK_GROUP,
  decodeConntrack,
  encodeConntrackDelete,
  encodeConntrackDump,
  encodeConntrackFlush,
  type ConntrackEntry,
  type ConntrackTuple,
} from "../wire/conntrack.ts";
import type { Operations } from "../wire/control.ts";
import { KEPT_PER_FAN, type ConntrackRecord } from "../wire/evidence.ts";
import { splitNetlink } from "../wire/netlink.ts";
import { nowUs } from "./channel.ts";
import { SystemCallError } from "./net/libc.ts";
import { NetfilterSocket } from "./net/netlink-socket.ts";
import { watchReadable } from "./net/poll.ts";

const ENOENT = 2;

/** The connections that this container's namespace knows, over ctnetlink: forgotten, read, removed one by one. */
export class ConntrackTable {
  readonly #requests = new NetfilterSocket();
  #seq = 0;

  /** Forgets every entry. */
  flush(): void {
    this.#request(encodeConntrackFlush(++this.#seq));
  }

  /** The entries that are wanted, each looked at once. */
  select(isWanted: (entry: ConntrackEntry) => boolean): readonly ConntrackRecord[] {
    return (this.#request(encodeConntrackDump(++this.#seq), isWanted) ?? []).map(toRecord);
  }

  /** Forgets the TCP connection one of whose directions is `tuple`; false where there is none. */
  remove(tuple: ConntrackTuple): boolean {
    return this.#request(encodeConntrackDelete(++this.#seq, tuple)) !== undefined;
  }

  /**
   * The kernel answers while the request is being sent, so everything up to the ack or the end of the dump is there. Undefined
   * where what the request names does not exist.
   */
  #request(
    message: Uint8Array,
    isWanted: (entry: ConntrackEntry) => boolean = () => true,
  ): readonly ConntrackEntry[] | undefined {
    this.#requests.send(message);
    const entries: ConntrackEntry[] = [];
    for (;;) {
      const datagram = this.#requests.receive();
      if (!datagram) throw new Error("conntrack did not answer");
      for (const message of splitNetlink(datagram).messages) {
        const answer = decodeConntrack(message);
        if (!answer.ok) continue; // an IPv6 entry
        switch (answer.value.type) {
          case "ack":
          case "done":
            return entries;
          case "error":
            if (answer.value.errno === ENOENT) return undefined;
            throw new Error(`conntrack: error ${JSON.stringify(answer.value)}`);
          case "entry":
            if (isWanted(answer.value)) entries.push(answer.value);
        }
      }
    }
  }
}

/** Conntrack of this container's namespace over ctnetlink: flush, dump, and every event since the last flush. */
export class Conntrack extends ConntrackTable {
  readonly #events = new NetfilterSocket(Object.values(CONNTRACK_GROUP));
  #seen: ConntrackRecord[] = [];
  #fans = new Map<string, number>();
  #beyond = 0;
  #made = 0;
  #lost = false;

  constructor() {
    super();
    watchReadable(this.#events.fd, () => this.#collect());
  }

  /** Forgets every entry and every event seen so far. */
  override flush(): void {
    super.flush();
    this.#discard();
    this.#seen = [];
    this.#fans = new Map();
    this.#beyond = 0;
    this.#made = 0;
    this.#lost = false;
  }

  /** Every entry that is assured, and some of the others: a search over ports leaves tens of thousands that nobody answered. */
  dump(): readonly ConntrackRecord[] {
    let others = 0;
    return this.select(({ status }) => status.assured || ++others <= KEPT_PER_FAN);
  }

  /** Events since the flush, and how many more were alike; `lost` when the kernel had to drop some (ENOBUFS). */
  events(): Operations["conntrack-end"]["result"] {
    this.#collect();
    return { records: this.#seen, beyond: this.#beyond, made: this.#made, lost: this.#lost };
  }

  /** What is to be forgotten need not be read: a search over ports leaves tens of thousands of events. */
  #discard(): void {
    for (;;) {
      try {
        while (this.#events.receive());
        return;
      } catch (error) {
        if (!(error instanceof SystemCallError) || error.code !== "ENOBUFS") throw error;
      }
    }
  }

  #keep(entry: ConntrackEntry): void {
    if (entry.type === "new") this.#made += 1;
    const fan = fanOf(entry);
    const alike = (this.#fans.get(fan) ?? 0) + 1;
    this.#fans.set(fan, alike);
    if (alike > KEPT_PER_FAN) this.#beyond += 1;
    else this.#seen.push(toRecord(entry));
  }

  #collect(): void {
    try {
      for (let datagram = this.#events.receive(); datagram; datagram = this.#events.receive()) {
        for (const message of splitNetlink(datagram).messages) {
          const event = decodeConntrack(message);
          if (event.ok && "orig" in event.value) this.#keep(event.value);
        }
      }
    } catch (error) {
      if (!(error instanceof SystemCallError) || error.code !== "ENOBUFS") throw error;
      this.#lost = true;
    }
  }
}

/** What makes events alike: a search over ports causes tens of thousands that differ in nothing but ports. */
function fanOf({ type, orig, tcpState, status }: ConntrackEntry): string {
  return `${type} ${orig.src.ip} ${orig.dst.ip} ${tcpState} ${status.assured}`;
}

function toRecord({ type, id, protocol, orig, reply, status, tcpState }: ConntrackEntry): ConntrackRecord {
  const state = tcpState ?? "";
  return { event: type, atUs: nowUs(), id, protocol, original: orig, reply, state, assured: status.assured };
}
