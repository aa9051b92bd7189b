import { PROTOCOL } from "../../wire/ipv4.ts";
import {
  AF_PACKET,
  SOCK_DGRAM,
  SOL_SOCKET,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_TIMESTAMPNS,
  allocate,
  bindSocket,
  getOption,
  openSocket,
  receiveMany,
  setOption,
} from "./libc.ts";
import { PacketFilter } from "./packet-filter.ts";

/**
 * One IPv4 packet as a packet socket saw it. The object and its bytes are reused: everything in it is valid only during
 * the callback. A transfer brings thousands of these, so nothing is allocated before somebody asks.
 */
export class SeenPacket {
  ifindex = 0;
  direction: "in" | "out" = "in";
  /** Microseconds since the epoch, the kernel's receive timestamp. */
  atUs = 0;
  /** Length on the wire, from the IP header on. */
  length = 0;
  /** Captured bytes; `view` reads them from `start` on. */
  captured = 0;
  start = 0;
  readonly view: DataView;

  constructor(view: DataView) {
    this.view = view;
  }

  /** Protocol number of the IP header (RFC 791 section 3.1). */
  get protocol(): number {
    return this.view.getUint8(this.start + 9);
  }

  /** Where in `view` the TCP header starts; undefined where its fixed part was not captured, or it is no TCP. */
  get tcpStart(): number | undefined {
    const start = this.start + (this.view.getUint8(this.start) & 0xf) * 4;
    return this.protocol === PROTOCOL.tcp && start + TCP_HEADER <= this.start + this.captured ? start : undefined;
  }

  /** From the IP header on, cut at the snap length. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.view.buffer, this.view.byteOffset + this.start, this.captured);
  }
}

/** Bytes of a TCP header without options (RFC 9293 section 3.1). */
const TCP_HEADER = 20;
/** Long enough for IPv4 and TCP headers with full options and the first 40 bytes of payload. */
const SNAP_LENGTH = 160;
const SLOTS = 64;
const SLOT_SIZE = 512;
const CONTROL_OFFSET = 256;
const NAME_OFFSET = 448;
const MESSAGE_SIZE = 64; // struct mmsghdr on LP64
/** Behind the slots: the message headers, behind these their vectors. */
const MESSAGES = SLOTS * SLOT_SIZE;
const RECEIVE_BUFFER_BYTES = 256 << 20;

const SOL_PACKET = 263;
const PACKET_STATISTICS = 6;
const ETH_P_ALL = 0x0300; // network byte order
const PACKET_OUTGOING = 4;

/**
 * An AF_PACKET socket over all interfaces of this network namespace, IPv4 only, with the kernel's timestamps.
 * Opened with protocol 0 and bound after the filter is attached, so that nothing unfiltered gets in;
 * ETH_P_ALL because ETH_P_IP never sees outgoing packets (packet(7)).
 */
export class PacketSocket {
  readonly fd: number;
  readonly #memory = allocate(SLOTS * (SLOT_SIZE + MESSAGE_SIZE + 16));
  readonly #view: DataView;
  readonly #messages: bigint;
  readonly #seen: SeenPacket;
  readonly #ipv4 = PacketFilter.ipv4(SNAP_LENGTH);
  readonly #nothing = PacketFilter.nothing();
  #drops = 0;

  constructor() {
    this.fd = openSocket(AF_PACKET, SOCK_DGRAM, 0);
    this.#widen();
    setOption(this.fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
    this.hear();
    const address = new Uint8Array(20); // struct sockaddr_ll
    new DataView(address.buffer).setUint16(0, AF_PACKET, true);
    new DataView(address.buffer).setUint16(2, ETH_P_ALL, true);
    bindSocket(this.fd, address);
    const { bytes } = this.#memory;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#messages = this.#memory.address + BigInt(MESSAGES);
    this.#seen = new SeenPacket(this.#view);
    this.#layOut();
  }

  /** Queues what comes from now on. */
  hear(): void {
    this.#ipv4.attachTo(this.fd);
  }

  /** Queues nothing from now on; what is queued already stays. */
  ignore(): void {
    this.#nothing.attachTo(this.fd);
  }

  /** Packets the kernel could not queue since the socket was opened; anything but 0 makes a capture incomplete. */
  get drops(): number {
    const statistics = getOption(this.fd, SOL_PACKET, PACKET_STATISTICS, 8); // reading resets the kernel's counter
    this.#drops += new DataView(statistics.buffer).getUint32(4, true);
    return this.#drops;
  }

  /** Hands over every queued packet, in order, and returns when none is left. */
  drain(onPacket: (packet: SeenPacket) => void): void {
    for (;;) {
      const filled = receiveMany(this.fd, this.#messages, SLOTS);
      for (let slot = 0; slot < filled; slot += 1) {
        this.#renew(slot);
        onPacket(this.#packet(slot));
      }
      if (filled < SLOTS) return;
    }
  }

  /** Without CAP_NET_ADMIN the system's own limit holds (net.core.rmem_max); what then finds no room counts among `drops`. */
  #widen(): void {
    try {
      setOption(this.fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES);
    } catch {
      setOption(this.fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
    }
  }

  /** Lays out one struct mmsghdr and its iovec for every slot. */
  #layOut(): void {
    const base = this.#memory.address;
    const vectors = MESSAGES + SLOTS * MESSAGE_SIZE;
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const slotAddress = base + BigInt(slot * SLOT_SIZE);
      const header = MESSAGES + slot * MESSAGE_SIZE;
      const vector = vectors + slot * 16;
      this.#view.setBigUint64(vector, slotAddress, true);
      this.#view.setBigUint64(vector + 8, BigInt(CONTROL_OFFSET), true);
      this.#view.setBigUint64(header, slotAddress + BigInt(NAME_OFFSET), true);
      this.#view.setBigUint64(header + 16, base + BigInt(vector), true);
      this.#view.setBigUint64(header + 24, 1n, true);
      this.#view.setBigUint64(header + 32, slotAddress + BigInt(CONTROL_OFFSET), true);
      this.#renew(slot);
    }
  }

  /** The kernel writes the lengths it used over the lengths it may use. */
  #renew(slot: number): void {
    const header = MESSAGES + slot * MESSAGE_SIZE;
    this.#view.setUint32(header + 8, 20, true);
    this.#view.setUint32(header + 40, NAME_OFFSET - CONTROL_OFFSET, true);
  }

  #packet(slot: number): SeenPacket {
    const start = slot * SLOT_SIZE;
    const control = start + CONTROL_OFFSET + 16; // struct cmsghdr, then struct timespec
    const packet = this.#seen;
    packet.start = start;
    packet.captured = this.#view.getUint32(MESSAGES + slot * MESSAGE_SIZE + 56, true);
    packet.ifindex = this.#view.getInt32(start + NAME_OFFSET + 4, true);
    packet.direction = this.#view.getUint8(start + NAME_OFFSET + 10) === PACKET_OUTGOING ? "out" : "in";
    packet.length = this.#view.getUint16(start + 2);
    // tv_sec fits 32 bits until 2106; BigInt reads would cost more than all the rest
    packet.atUs = this.#view.getUint32(control, true) * 1e6 + Math.floor(this.#view.getUint32(control + 8, true) / 1e3);
    return packet;
  }
}
