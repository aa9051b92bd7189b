import type { Ipv4 } from "../wire/address.ts";
import type { AttemptParameters } from "../wire/attempt.ts";
import type { TechniqueName } from "../wire/technique.ts";
import {
  LineSplitter,
  RENDEZVOUS_VERSION,
  X_PORTS,
  parseXMessage,
  type HostMessage,
  type WantedRole,
  type XMessage,
} from "../wire/rendezvous.ts";
import { log } from "./channel.ts";
import { TcpSocket } from "./net/tcp-socket.ts";
import { missSoon } from "./net/vigilance.ts";

/** The connection broke, or X will not have this host or speaks another language. */
export type Loss = { readonly kind: "broken" | "refused"; readonly why: string };

export interface RendezvousListener {
  readonly onMessage: (message: XMessage) => void;
  /** Nothing more will come. */
  readonly onLost: (loss: Loss) => void;
}

export type Joining = Pick<AttemptParameters, "x" | "xPort" | "session" | "key"> & {
  readonly role: WantedRole;
  readonly technique: { readonly name: TechniqueName };
  /** By which this host takes its place again. */
  readonly seat?: string;
};

/** A host's connection to X: what A, B and X tell each other, through the NATs. */
export class Rendezvous {
  readonly #socket: TcpSocket;
  #isPaired = false;

  private constructor(socket: TcpSocket) {
    this.#socket = socket;
  }

  /** Connects, listens, and says hello. `keep` is given the socket at once, so that it is closed whatever happens. */
  static async join(
    { x, xPort = X_PORTS.rendezvous, session, key, role, technique, seat }: Joining,
    { onMessage, onLost }: RendezvousListener,
    keep: (socket: TcpSocket) => void,
  ): Promise<Rendezvous> {
    const socket = new TcpSocket({ localPort: 0 });
    keep(socket);
    await socket.connect(x, xPort).catch((error: unknown) => {
      throw new Error(whyUnreachable(x, xPort, error as NodeJS.ErrnoException), { cause: error });
    });
    const { stream } = socket;
    missSoon(stream);
    const rendezvous = new Rendezvous(socket);
    const splitter = new LineSplitter();
    stream.on("data", (chunk: Buffer) => {
      const { lines, overflow } = splitter.push(chunk.toString("utf8"));
      if (overflow) return onLost({ kind: "refused", why: "X sent a line that is too long" });
      for (const line of lines) {
        const parsed = parseXMessage(line);
        if (!parsed.ok) {
          const said = JSON.stringify(line.slice(0, 80));
          return onLost({ kind: "refused", why: `X said ${said}: ${parsed.error}` });
        }
        log("told", parsed.message);
        rendezvous.#isPaired ||= parsed.message.t === "paired";
        if (parsed.message.t === "refused")
          return onLost({ kind: "refused", why: `X refused: ${parsed.message.reason}` });
        onMessage(parsed.message);
      }
    });
    stream.on("error", (error) => onLost({ kind: "broken", why: whyBroken(error) }));
    stream.on("end", () => onLost({ kind: "broken", why: "X closed the rendezvous connection" }));
    const place = { role, technique: technique.name, ...(seat === undefined ? {} : { seat }) };
    rendezvous.tell({ t: "hello", v: RENDEZVOUS_VERSION, session, key, ...place });
    stream.resume();
    return rendezvous;
  }

  tell(message: HostMessage): void {
    if (!this.#socket.stream.writable) return;
    log("tell", message.t === "hello" ? { ...message, key: undefined, seat: undefined } : message);
    this.#socket.stream.write(`${JSON.stringify(message)}\n`);
  }

  /** The peer is, or was, at X too. */
  get isPaired(): boolean {
    return this.#isPaired;
  }

  /** Says nothing more: X forgets this host once it is gone. */
  leave(): void {
    this.#socket.stream.end();
  }

  /** This host's own address on the way to X. */
  get localAddress(): Ipv4 {
    return this.#socket.stream.localAddress as Ipv4;
  }
}

function whyBroken({ code, message }: NodeJS.ErrnoException): string {
  return code === "ETIMEDOUT" ? "X has fallen silent" : message;
}

function whyUnreachable(x: string, port: number, { code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "ENETUNREACH":
      return `this host has no IPv4 route to X, ${x}; natbed is about NATs between IPv4 networks`;
    case "ECONNREFUSED":
      return `no X serves at ${x}, port ${port}`;
    default:
      return `X does not answer: ${message}`;
  }
}
