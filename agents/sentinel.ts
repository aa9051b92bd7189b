import { readFileSync } from "node:fs";
import type { Sentinels } from "../wire/evidence.ts";
import type { PacketSocket, SeenPacket } from "./net/packet-socket.ts";
import { AF_PACKET, sendTo } from "./net/libc.ts";

/** Not IPv4, though a frame of that type: the kernel's receive path drops it before netfilter, and after every packet socket (ip_rcv_core). */
const NO_IP_VERSION = 0;
const TEXT = new TextEncoder().encode("natbed sentinel");
const NUMBER_AT = 1 + TEXT.length;
const LENGTH = NUMBER_AT + 4;
const ETH_P_IP = 0x0800;

/**
 * Frames that this node sends itself over its loopback, numbered, and that its capture must see: one when it begins and one when it ends. A
 * packet socket is one queue for all interfaces, so that the last one seen says that the socket works, its filter passes, and that all before
 * it was read.
 */
export class Sentinel {
  readonly #socket: PacketSocket;
  #number = 0;
  #lastSeen = 0;
  #sent = 0;
  #seen = 0;

  constructor(socket: PacketSocket) {
    this.#socket = socket;
  }

  /** Counts from here on. */
  restart(): void {
    this.#sent = 0;
    this.#seen = 0;
  }

  /** Sends one. Where that does not work it is one that was sent and will not be seen. */
  send(): void {
    this.#number += 1;
    this.#sent += 1;
    const frame = new Uint8Array(LENGTH);
    frame[0] = NO_IP_VERSION;
    frame.set(TEXT, 1);
    new DataView(frame.buffer).setUint32(NUMBER_AT, this.#number);
    try {
      sendTo(this.#socket.fd, frame, loopback());
    } catch {
      // no loopback, or it is down: told by the count
    }
  }

  /** Whether the packet is a sentinel, which then counts and is nobody else's. */
  takes({ view, start, captured }: SeenPacket): boolean {
    if (captured < LENGTH || view.getUint8(start) >> 4 !== NO_IP_VERSION) return false;
    if (!TEXT.every((byte, at) => view.getUint8(start + 1 + at) === byte)) return false;
    this.#lastSeen = view.getUint32(start + NUMBER_AT);
    this.#seen += 1;
    return true;
  }

  get isBack(): boolean {
    return this.#lastSeen === this.#number;
  }

  get counts(): Sentinels {
    return { sent: this.#sent, seen: this.#seen };
  }
}

/** struct sockaddr_ll of the loopback. */
function loopback(): Uint8Array {
  const address = new Uint8Array(20);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, ETH_P_IP);
  view.setInt32(4, Number(readFileSync("/sys/class/net/lo/ifindex", "utf8")), true);
  address[11] = 6; // sll_halen; the loopback's own address is all zeroes
  return address;
}
