import { createServer, type Server, type Socket } from "node:net";
import { port, type Endpoint, type Ipv4 } from "../wire/address.ts";
import {
  LineSplitter,
  MAX_LINE,
  X_PORTS,
  parseHostMessage,
  parseRelayHeader,
  type HostMessage,
  type HostRole,
  type RelayHeader,
} from "../wire/rendezvous.ts";
import type { Recorder } from "./capture.ts";
import { log } from "./channel.ts";
import { ProbeService } from "./x-probe.ts";
import { XSession } from "./x-session.ts";

const MAX_SESSIONS = 10_000;
/** A connection that does not introduce itself is closed after this long. */
const HELLO_WITHIN_MS = 10_000;

/** X's public services: rendezvous, probe ports, relay, and the prober's hand outside. */
export class XServer {
  readonly #probe: ProbeService;
  readonly #sessions = new Map<string, XSession>();
  readonly #waiting = new Map<string, { role: HostRole; stream: Socket }>();
  readonly #streams = new Set<Socket>();

  constructor(recorder: Recorder) {
    this.#probe = new ProbeService(recorder);
  }

  async listen(): Promise<void> {
    await Promise.all([
      this.#open(X_PORTS.rendezvous, (stream) => this.#rendezvous(stream)),
      this.#open(X_PORTS.relay, (stream) => this.#relay(stream)),
      this.listenForProbers(),
    ]);
  }

  /** What a prober needs of X, and nothing else. */
  async listenForProbers(): Promise<void> {
    await Promise.all([
      ...X_PORTS.probes.map((probe) => this.#open(probe, answerProbe)),
      this.#open(X_PORTS.prober, (stream) => this.#probe.serve(stream)),
    ]);
  }

  /** Ends every connection with RST and forgets every session. */
  reset(): void {
    for (const stream of this.#streams) stream.resetAndDestroy();
    this.#streams.clear();
    this.#sessions.clear();
    this.#waiting.clear();
  }

  #open(portNumber: number, onStream: (stream: Socket) => void): Promise<Server> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (stream) => {
      this.#streams.add(stream);
      stream.on("close", () => this.#streams.delete(stream));
      stream.on("error", () => {}); // a peer's RST ends the stream; `close` follows
      onStream(stream);
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(portNumber, "0.0.0.0", () => resolve(server));
    });
  }

  #rendezvous(stream: Socket): void {
    const splitter = new LineSplitter();
    const late = setTimeout(() => refuse(stream, "no hello in time"), HELLO_WITHIN_MS);
    let seat: { session: XSession; role: HostRole } | undefined;
    const outside = outsideOf(stream);
    stream.on("data", (chunk: Buffer) => {
      const { lines, overflow } = splitter.push(chunk.toString("utf8"));
      if (overflow) return refuse(stream, "line too long");
      for (const line of lines) {
        const parsed = parseHostMessage(line);
        if (!parsed.ok) return refuse(stream, parsed.error);
        const { message } = parsed;
        if (!seat) {
          clearTimeout(late);
          const joined = this.#join(message, stream, outside);
          if (typeof joined === "string") return refuse(stream, joined);
          seat = joined;
        } else {
          const refusal = seat.session.hear(seat.role, message);
          if (refusal) return refuse(stream, refusal);
        }
      }
    });
    stream.on("close", () => {
      clearTimeout(late);
      seat?.session.leave(seat.role, outside);
      for (const [name, session] of this.#sessions) if (session.empty) this.#sessions.delete(name);
    });
  }

  /** Seats a host in its session, or says why not. */
  #join(message: HostMessage, stream: Socket, outside: Endpoint): { session: XSession; role: HostRole } | string {
    if (message.t !== "hello") return "hello must come first";
    if (!this.#sessions.has(message.session) && this.#sessions.size >= MAX_SESSIONS) return "too many sessions";
    const session = this.#sessions.get(message.session) ?? new XSession(message);
    const refusal = session.join(message, { stream, outside });
    if (refusal) return refusal;
    this.#sessions.set(message.session, session);
    return { session, role: message.role };
  }

  #relay(stream: Socket): void {
    let head = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\n");
      if (end < 0 && head.length > MAX_LINE) return refuse(stream, "line too long");
      if (end < 0) return;
      stream.removeListener("data", onData);
      stream.pause();
      const header = parseRelayHeader(head.toString("utf8", 0, end));
      if (!header.ok) return refuse(stream, header.error);
      stream.unshift(head.subarray(end + 1));
      this.#connectRelay(header.message, stream);
    };
    stream.on("data", onData);
  }

  #connectRelay({ session, key, role }: RelayHeader, stream: Socket): void {
    if (!this.#sessions.get(session)?.admits(key)) return refuse(stream, "no such session");
    const other = this.#waiting.get(session);
    if (!other || other.role === role) {
      this.#waiting.set(session, { role, stream });
      return;
    }
    this.#waiting.delete(session);
    log("relay", { session });
    stream.pipe(other.stream).pipe(stream);
  }
}

/** Tells the caller where it comes from, as seen from outside its NAT. */
function answerProbe(stream: Socket): void {
  const { ip, port } = outsideOf(stream);
  stream.write(`${ip}:${port}\n`);
  stream.resume();
}

function outsideOf(stream: Socket): Endpoint {
  return { ip: (stream.remoteAddress ?? "0.0.0.0") as Ipv4, port: port(stream.remotePort ?? 0) };
}

function refuse(stream: Socket, reason: string): void {
  log("refused", { from: `${stream.remoteAddress}:${stream.remotePort}`, reason });
  stream.end(`${JSON.stringify({ t: "refused", reason })}\n`);
}
