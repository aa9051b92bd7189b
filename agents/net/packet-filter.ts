import { allocate, setOption, SOL_SOCKET, SO_ATTACH_FILTER } from "./libc.ts";

/** Code, jump if true, jump if false, k (linux/filter.h, struct sock_filter). */
type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, k: number];

const SKF_AD_PROTOCOL = 0xfffff000; // SKF_AD_OFF + 0
const RETURN = 0x06;

/** Classic BPF, which the kernel runs on every packet before it copies any for the socket (packet_rcv()). */
export class PacketFilter {
  /** struct sock_fprog; points to memory that is never freed, as filters are made once. */
  readonly #program = new Uint8Array(16);

  private constructor(instructions: readonly Instruction[]) {
    const { address, bytes } = allocate(instructions.length * 8);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    instructions.forEach(([code, jumpTrue, jumpFalse, k], index) => {
      view.setUint16(index * 8, code, true);
      view.setUint8(index * 8 + 2, jumpTrue);
      view.setUint8(index * 8 + 3, jumpFalse);
      view.setUint32(index * 8 + 4, k, true);
    });
    const program = new DataView(this.#program.buffer);
    program.setUint16(0, instructions.length, true);
    program.setBigUint64(8, address, true);
  }

  /** IPv4 frames only, cut at `snapLength`: `ldh proto; jeq #0x800; ret #snap; ret #0`. */
  static ipv4(snapLength: number): PacketFilter {
    return new PacketFilter([
      [0x28, 0, 0, SKF_AD_PROTOCOL],
      [0x15, 0, 1, 0x0800],
      [RETURN, 0, 0, snapLength],
      [RETURN, 0, 0, 0],
    ]);
  }

  static nothing(): PacketFilter {
    return new PacketFilter([[RETURN, 0, 0, 0]]);
  }

  /** In place of the one before, at once: unlike closing a packet socket this waits for no grace period of the kernel. */
  attachTo(fd: number): void {
    setOption(fd, SOL_SOCKET, SO_ATTACH_FILTER, this.#program);
  }
}
