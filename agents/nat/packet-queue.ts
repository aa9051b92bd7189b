import {
  decodeQueue,
  encodeQueueBind,
  encodeQueueCopy,
  encodeQueueVerdict,
  type QueueVerdict,
} from "../../wire/nfqueue.ts";
import { splitNetlink } from "../../wire/netlink.ts";
import { NetfilterSocket } from "../net/netlink-socket.ts";
import { watchReadable } from "../net/poll.ts";

/** The verdict came too late: the kernel has dropped the packet, as it does when the rules that queued it are replaced. */
const ENOENT = 2;
/** Both IP headers of an ICMP error with full options, and its quote's ports. */
const COPIED_BYTES = 160;

export interface HeldPacket {
  readonly packetId: number;
  /** The packet's first bytes, from its IP header on. */
  readonly bytes: Uint8Array;
}

/**
 * Packets that an iptables rule hands to this process (NFQUEUE) and that wait for a verdict. A queue belongs to one socket for the
 * life of the process: where no rule of the NAT loaded now names it, nothing comes.
 */
export class PacketQueue {
  readonly #queue: number;
  readonly #onPacket: (packet: HeldPacket) => void;
  readonly #socket = new NetfilterSocket();

  constructor(queue: number, onPacket: (packet: HeldPacket) => void) {
    this.#queue = queue;
    this.#onPacket = onPacket;
    this.#socket.send(encodeQueueBind(1, queue));
    this.#socket.send(encodeQueueCopy(2, queue, { mode: "packet", range: COPIED_BYTES }));
    watchReadable(this.#socket.fd, () => this.receive());
  }

  /** Says what becomes of a packet. */
  decide(verdict: Omit<QueueVerdict, "queue">): void {
    this.#socket.send(encodeQueueVerdict({ queue: this.#queue, ...verdict }));
  }

  /** Takes in everything that the kernel has handed over so far. */
  receive(): void {
    for (let datagram = this.#socket.receive(); datagram; datagram = this.#socket.receive()) {
      for (const message of splitNetlink(datagram).messages) {
        const queued = decodeQueue(message);
        if (!queued.ok) throw new Error(`nfqueue ${this.#queue}: ${queued.error}`);
        if (queued.value.type === "error" && queued.value.errno !== ENOENT)
          throw new Error(`nfqueue ${this.#queue}: ${JSON.stringify(queued.value)}`);
        if (queued.value.type === "packet")
          this.#onPacket({ packetId: queued.value.packetId, bytes: queued.value.payload });
      }
    }
  }
}
