import {
  AF_INET,
  IPPROTO_RAW,
  SOCK_RAW,
  SOL_SOCKET,
  SO_SNDBUFFORCE,
  closeDescriptor,
  openSocket,
  sendTo,
  setOption,
  socketAddress,
} from "./libc.ts";

/** Sends whole IPv4 datagrams, header included (raw(7), IPPROTO_RAW); needs CAP_NET_RAW, otherwise EPERM. */
export class RawSocket {
  readonly #fd = openSocket(AF_INET, SOCK_RAW, IPPROTO_RAW);

  #closed = false;

  /** `sendBufferBytes`: how much may wait to be sent where that is more than the machine's own limit; needs CAP_NET_ADMIN. */
  constructor(sendBufferBytes?: number) {
    if (sendBufferBytes !== undefined) setOption(this.#fd, SOL_SOCKET, SO_SNDBUFFORCE, sendBufferBytes);
  }

  /** Hands one datagram to the kernel for `destination`; false where the send buffer is full, or the socket closed. */
  send(datagram: Uint8Array, destination: string): boolean {
    return !this.#closed && sendTo(this.#fd, datagram, socketAddress(destination, 0));
  }

  /** Sends many, yielding to the event loop between chunks so that a flood cannot starve the answers to it. */
  async sendAll(datagrams: Iterable<Uint8Array>, destination: string): Promise<void> {
    let inChunk = 0;
    for (const datagram of datagrams) {
      while (!this.send(datagram, destination) && !this.#closed) await nextTurn();
      inChunk += 1;
      if (inChunk % CHUNK === 0) await nextTurn();
    }
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
    closeDescriptor(this.#fd);
  }
}

const CHUNK = 512;

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
