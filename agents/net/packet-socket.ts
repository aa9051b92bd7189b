import {
  AF_PACKET,
  SOCK_DGRAM,
  SOL_SOCKET,
  SO_ATTACH_FILTER,
  SO_RCVBUFFORCE,
  SO_TIMESTAMPNS,
  allocate,
  bindSocket,
  getOption,
  openSocket,
  receiveMany,
  setOption,
} from "./libc.ts";

/** One IPv4 packet as a packet socket saw it; `bytes` start at the IP header and are cut at the snap length. */
export interface SeenPacket {
  readonly ifindex: number;
  readonly direction: "in" | "out";
  /** Microseconds since the epoch, the kernel's receive timestamp. */
  readonly atUs: number;
  /** Length on the wire, from the IP header on. */
  readonly length: number;
  /** Valid only during the callback. */
  readonly bytes: Uint8Array;
}

/** Long enough for IPv4 and TCP headers with full options and the first 40 bytes of payload. */
const SNAP_LENGTH = 160;
const SLOTS = 64;
const SLOT_SIZE = 512;
const CONTROL_OFFSET = 256;
const NAME_OFFSET = 448;
const MESSAGE_SIZE = 64; // struct mmsghdr on LP64
const RECEIVE_BUFFER_BYTES = 64 << 20;

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
  #drops = 0;

  constructor() {
    this.fd = openSocket(AF_PACKET, SOCK_DGRAM, 0);
    setOption(this.fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES);
    setOption(this.fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
    this.#attachFilter();
    const address = new Uint8Array(20); // struct sockaddr_ll
    new DataView(address.buffer).setUint16(0, AF_PACKET, true);
    new DataView(address.buffer).setUint16(2, ETH_P_ALL, true);
    bindSocket(this.fd, address);
    const { bytes } = this.#memory;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
      this.#prepare();
      const filled = receiveMany(this.fd, this.#memory.address + BigInt(SLOTS * SLOT_SIZE), SLOTS);
      for (let slot = 0; slot < filled; slot += 1) onPacket(this.#packet(slot));
      if (filled < SLOTS) return;
    }
  }

  /** IPv4 frames only, cut at SNAP_LENGTH: `ldh proto; jeq #0x800; ret #snap; ret #0`. */
  #attachFilter(): void {
    const program = allocate(4 * 8);
    const view = new DataView(program.bytes.buffer, program.bytes.byteOffset, 32);
    const SKF_AD_PROTOCOL = 0xfffff000; // SKF_AD_OFF + 0
    const instructions: [number, number, number, number][] = [
      [0x28, 0, 0, SKF_AD_PROTOCOL],
      [0x15, 0, 1, 0x0800],
      [0x06, 0, 0, SNAP_LENGTH],
      [0x06, 0, 0, 0],
    ];
    instructions.forEach(([code, jumpTrue, jumpFalse, k], index) => {
      view.setUint16(index * 8, code, true);
      view.setUint8(index * 8 + 2, jumpTrue);
      view.setUint8(index * 8 + 3, jumpFalse);
      view.setUint32(index * 8 + 4, k, true);
    });
    const fprog = new Uint8Array(16);
    new DataView(fprog.buffer).setUint16(0, instructions.length, true);
    new DataView(fprog.buffer).setBigUint64(8, program.address, true);
    setOption(this.fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog);
  }

  /** The kernel overwrites lengths on return, so every message header is laid out anew. */
  #prepare(): void {
    const base = this.#memory.address;
    const messages = SLOTS * SLOT_SIZE;
    const vectors = messages + SLOTS * MESSAGE_SIZE;
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const slotAddress = base + BigInt(slot * SLOT_SIZE);
      const header = messages + slot * MESSAGE_SIZE;
      const vector = vectors + slot * 16;
      this.#view.setBigUint64(vector, slotAddress, true);
      this.#view.setBigUint64(vector + 8, BigInt(CONTROL_OFFSET), true);
      this.#view.setBigUint64(header, slotAddress + BigInt(NAME_OFFSET), true);
      this.#view.setUint32(header + 8, 20, true);
      this.#view.setBigUint64(header + 16, base + BigInt(vector), true);
      this.#view.setBigUint64(header + 24, 1n, true);
      this.#view.setBigUint64(header + 32, slotAddress + BigInt(CONTROL_OFFSET), true);
      this.#view.setBigUint64(header + 40, BigInt(NAME_OFFSET - CONTROL_OFFSET), true);
    }
  }

  #packet(slot: number): SeenPacket {
    const start = slot * SLOT_SIZE;
    const received = this.#view.getUint32(SLOTS * SLOT_SIZE + slot * MESSAGE_SIZE + 56, true);
    const control = start + CONTROL_OFFSET + 16; // struct cmsghdr, then struct timespec
    const atUs =
      Number(this.#view.getBigInt64(control, true)) * 1e6 +
      Math.floor(Number(this.#view.getBigInt64(control + 8, true)) / 1e3);
    return {
      ifindex: this.#view.getInt32(start + NAME_OFFSET + 4, true),
      direction: this.#view.getUint8(start + NAME_OFFSET + 10) === PACKET_OUTGOING ? "out" : "in",
      atUs,
      length: this.#view.getUint16(start + 2, false),
      bytes: this.#memory.bytes.subarray(start, start + received),
    };
  }
}
