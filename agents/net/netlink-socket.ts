import {
  AF_NETLINK,
  SOCK_RAW,
  SOL_SOCKET,
  SO_RCVBUFFORCE,
  bindSocket,
  openSocket,
  receive,
  sendTo,
  setOption,
} from "./libc.ts";

const NETLINK_NETFILTER = 12;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
/** A search over ports makes some 64,000 events and more, a KiB each while they wait; memory is taken as they come. */
const RECEIVE_BUFFER_BYTES = 256 << 20;

/**
 * A netlink socket to netfilter. It belongs to the network namespace it is opened in, so every container opens its own.
 * A full receive buffer shows as ENOBUFS from `receive` (netlink(7)): events were lost.
 */
export class NetfilterSocket {
  readonly fd: number;
  readonly #buffer = new Uint8Array(256 << 10);

  constructor(multicastGroups: readonly number[] = []) {
    this.fd = openSocket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
    setOption(this.fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES);
    bindSocket(this.fd, KERNEL_ADDRESS);
    for (const group of multicastGroups) setOption(this.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
  }

  send(message: Uint8Array): void {
    sendTo(this.fd, message, KERNEL_ADDRESS);
  }

  /** The next datagram of messages, or undefined when none is queued. The bytes are valid until the next call. */
  receive(): Uint8Array | undefined {
    return receive(this.fd, this.#buffer);
  }
}

/** struct sockaddr_nl with pid 0: the kernel; for bind, "choose my id". */
const KERNEL_ADDRESS = new Uint8Array([AF_NETLINK, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
