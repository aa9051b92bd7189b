import type { Server, Socket } from "node:net";
import { port, type Endpoint, type Ipv4 } from "../wire/address.ts";
import type { FailureCode } from "../wire/attempt.ts";
import { Greeting, type Identity } from "./greeting.ts";
import { TcpSocket, listenOn, type TcpOptions } from "./net/tcp-socket.ts";
import type { SocketName } from "./technique/machine.ts";

/** The sockets of one attempt by name: any number may connect, listen and greet at once, until one of them is adopted. */
export class HostSockets {
  readonly #identity: Identity;
  readonly #outgoing = new Map<SocketName, TcpSocket>();
  readonly #listening = new Map<SocketName, Server>();
  readonly #open = new Map<SocketName, { readonly stream: Socket; readonly greeting: Greeting }>();
  #adopted: Socket | undefined;
  #ended = false;

  constructor(identity: Identity) {
    this.#identity = identity;
  }

  /** The stream of the socket that was adopted. */
  get adopted(): Socket {
    if (!this.#adopted) throw new Error("the attempt has no connection");
    return this.#adopted;
  }

  /** Both its ends as this host sees them. */
  get ends(): { readonly local: Endpoint; readonly remote: Endpoint } {
    const { remoteAddress, remotePort, localAddress, localPort } = this.adopted;
    return { local: endpointOf(localAddress, localPort), remote: endpointOf(remoteAddress, remotePort) };
  }

  /** A socket yet to be connected; an earlier one of that name is gone. */
  create(name: SocketName, options: TcpOptions): TcpSocket {
    this.reset(name);
    const socket = new TcpSocket(options);
    this.#outgoing.set(name, socket);
    return socket;
  }

  /** Calls `onAccepted` for every connection, with its name. */
  async listen(
    name: SocketName,
    localPort: number,
    onAccepted: (name: SocketName, stream: Socket) => void,
  ): Promise<void> {
    let count = 0;
    const server = await listenOn(localPort, (stream) => {
      stream.on("error", () => {}); // as in TcpSocket
      const accepted = `${name}-${++count}`;
      this.opened(accepted, stream);
      onAccepted(accepted, stream);
    });
    if (this.#ended) server.close();
    else this.#listening.set(name, server);
  }

  /** Takes note that a socket is connected. */
  opened(name: SocketName, stream: Socket): void {
    this.#open.set(name, { stream, greeting: new Greeting(stream, this.#identity) });
  }

  greeting(name: SocketName): Greeting {
    const open = this.#open.get(name);
    if (!open) throw new Error(`${name} is not connected`);
    return open.greeting;
  }

  setTtl(name: SocketName, ttl: number): void {
    const socket = this.#outgoing.get(name);
    if (socket && !socket.stream.destroyed) socket.ttl = ttl;
  }

  leaveRoute(name: SocketName): void {
    this.#outgoing.get(name)?.leaveRoute();
  }

  /** Keeps one socket for whoever asked for the connection, and resets all others: they lost. */
  adopt(name: SocketName): void {
    this.#adopted = this.#open.get(name)?.stream;
    for (const other of [...this.#outgoing.keys(), ...this.#open.keys()]) if (other !== name) this.reset(other);
    this.#closeListeners();
  }

  /** Ends a socket with RST where it is connected, silently where it is not yet. */
  reset(name: SocketName): void {
    this.#outgoing.get(name)?.destroy();
    this.#open.get(name)?.stream.resetAndDestroy();
    this.#outgoing.delete(name);
    this.#open.delete(name);
  }

  /** Ends all of them. */
  dispose(): void {
    this.#ended = true;
    for (const name of [...this.#outgoing.keys(), ...this.#open.keys()]) this.reset(name);
    this.#closeListeners();
  }

  #closeListeners(): void {
    for (const server of this.#listening.values()) server.close();
    this.#listening.clear();
  }
}

const FAILURE_OF: Readonly<Record<string, FailureCode>> = {
  ECONNREFUSED: "peer-nat-reset",
  ECONNRESET: "reset-after-open",
  EPIPE: "reset-after-open",
  EHOSTUNREACH: "icmp-leak",
  ENETUNREACH: "icmp-leak",
  EPERM: "missing-capability",
  EACCES: "missing-capability",
  EADDRINUSE: "port-busy",
  EADDRNOTAVAIL: "port-busy",
  EMFILE: "fd-limit",
  ENFILE: "fd-limit",
  ESTRANGER: "stranger",
  ELIBACC: "missing-capability",
};

/** The typed failure behind a socket error; `otherwise` where its code says nothing special. */
export function failureOf(error: unknown, otherwise: FailureCode): { failure: FailureCode; detail: string } {
  const { code, message } = error as { code?: string; message?: string };
  return { failure: FAILURE_OF[code ?? ""] ?? otherwise, detail: message ?? String(error) };
}

/**
 * The same of a socket that never came to be connected. A RST to one in SYN_RECV, whose SYN the peer's has crossed, is ECONNRESET and no
 * ECONNREFUSED (tcp_reset()): nothing was open yet.
 */
export function connectFailureOf(error: unknown): { failure: FailureCode; detail: string } {
  const { failure, detail } = failureOf(error, "deadline");
  return { failure: failure === "reset-after-open" ? "peer-nat-reset" : failure, detail };
}

function endpointOf(ip: string | undefined, portNumber: number | undefined): Endpoint {
  return { ip: (ip ?? "") as Ipv4, port: port(portNumber ?? 0) };
}
