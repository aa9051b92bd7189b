import { Server, Socket } from "node:net";
import {
  AF_INET,
  IPPROTO_IP,
  IP_OPTIONS,
  IP_TOS,
  IP_TTL,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_LINGER,
  SO_REUSEADDR,
  SO_REUSEPORT,
  bindSocket,
  closeDescriptor,
  openSocket,
  setOption,
  socketAddress,
} from "./libc.ts";
import { establish, type Established } from "./tcp-repair.ts";

export interface TcpOptions {
  /** 0 lets the kernel choose. */
  readonly localPort: number;
  /** Any address of this host where absent. */
  readonly localAddress?: string;
  /** IP time to live of everything the socket sends until it is changed; the system's default when absent. */
  readonly ttl?: number;
  /** Everything the socket sends is loosely source-routed over this address, until `leaveRoute`. */
  readonly via?: string;
  /** Taken for established without a handshake (tcp-repair.ts). */
  readonly established?: Established;
}

/**
 * An ordinary kernel TCP socket whose local port and TTL are ours to choose, usable as a Node stream.
 * SO_REUSEADDR and SO_REUSEPORT are set so that several sockets can share one local port towards different peers.
 */
export class TcpSocket {
  readonly fd: number;
  readonly stream: Socket;

  constructor(options: TcpOptions) {
    this.fd = boundSocket(options);
    this.stream = new Socket({ fd: this.fd, manualStart: true, allowHalfOpen: true } as ConstructorParameters<
      typeof Socket
    >[0]);
    this.stream.setNoDelay(true);
    this.stream.on("error", () => {}); // whoever waits for the socket listens too; an error nobody waits for is none
  }

  /** Resolves when ESTABLISHED; rejects with Node's error, whose `code` says what ended the attempt. */
  connect(ip: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.stream.once("error", reject);
      this.stream.connect(port, ip, () => {
        this.stream.removeListener("error", reject);
        resolve();
      });
    });
  }

  set ttl(ttl: number) {
    setOption(this.fd, IPPROTO_IP, IP_TTL, ttl);
  }

  /** Drops the source route. The route in use was looked up for its first hop and would stay: a change of TOS drops it too (sk_dst_reset()). */
  leaveRoute(): void {
    setOption(this.fd, IPPROTO_IP, IP_OPTIONS, new Uint8Array(0));
    setOption(this.fd, IPPROTO_IP, IP_TOS, LOW_DELAY);
    setOption(this.fd, IPPROTO_IP, IP_TOS, 0);
  }

  /** Ends the connection with RST where there is one, silently where there is none yet. */
  destroy(): void {
    if (!this.stream.connecting) return void this.stream.resetAndDestroy();
    // a SYN that crossed ours has made it SYN_RECV, which would live on as an orphan and hold the ports
    setOption(this.fd, SOL_SOCKET, SO_LINGER, LINGER_NOT);
    this.stream.destroy();
  }
}

/** RFC 1349: any value that is not the default. */
const LOW_DELAY = 0x10;

/**
 * Loose source and record route as the kernel wants it from a program (ip_options_compile()): the hops without the destination, which it
 * puts behind them itself. Nothing stands before it: NATs look for it as the first option.
 */
function looseRoute(via: string): Uint8Array {
  return Uint8Array.of(0x83, 7, 4, ...via.split(".").map(Number), 0);
}

/** struct linger: on, for no time; close(2) then sends RST where there is somebody to send it to (tcp_disconnect()). */
export const LINGER_NOT = new Uint8Array(Int32Array.of(1, 0).buffer);

/** A listening socket on a port that connecting sockets may share. */
export function listenOn(localPort: number, onConnection: (stream: Socket) => void): Promise<Server> {
  const fd = boundSocket({ localPort });
  const server = new Server({ allowHalfOpen: true, noDelay: true }, onConnection);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ fd }, () => resolve(server));
  });
}

function boundSocket({ localPort, localAddress = "0.0.0.0", ttl, via, established }: TcpOptions): number {
  const fd = openSocket(AF_INET, SOCK_STREAM, 0);
  try {
    setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (ttl !== undefined) setOption(fd, IPPROTO_IP, IP_TTL, ttl);
    if (via !== undefined) setOption(fd, IPPROTO_IP, IP_OPTIONS, looseRoute(via));
    bindSocket(fd, socketAddress(localAddress, localPort));
    if (established) establish(fd, established);
    return fd;
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}
