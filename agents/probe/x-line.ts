import { connect, type Socket } from "node:net";
import { port, type Endpoint, type Ipv4 } from "../../wire/address.ts";
import { PROBE_VERSION, parseProbeReply, type ProbeReply, type ProberMessage } from "../../wire/probe.ts";
import { LineSplitter } from "../../wire/rendezvous.ts";

type Welcome = Extract<ProbeReply, { t: "welcome" }>;
/** What X saw arrive. */
export type Sighting = Extract<ProbeReply, { t: "seen" | "seen-icmp" }>;
type Order = Extract<ProberMessage, { t: "segment" | "icmp" }>;
/** An order without its number. */
export type Errand = Omit<Extract<Order, { t: "segment" }>, "id"> | Omit<Extract<Order, { t: "icmp" }>, "id">;

const ANSWER_WITHIN_MS = 5_000;
const PING_EVERY_MS = 20_000;

interface Introduction {
  readonly welcome: Welcome;
  readonly rttMs: number;
  readonly catchUp: () => void;
}

/** The prober's connection to X. */
export class XLine implements Disposable {
  readonly #stream: Socket;
  readonly #listeners = new Set<(sighting: Sighting) => void>();
  readonly #sent = new Map<number, (atUs: number) => void>();
  /** Whoever waits for a pong, in order. */
  readonly #pongs: (() => void)[] = [];
  readonly #catchUp: () => void;
  readonly #ping: NodeJS.Timeout;
  readonly welcome: Welcome;
  readonly rttMs: number;
  /** Rejects when the connection ends before we end it. */
  readonly lost: Promise<never>;
  #lastId = 0;

  private constructor(stream: Socket, { welcome, rttMs, catchUp }: Introduction) {
    this.#stream = stream;
    this.#catchUp = catchUp;
    this.welcome = welcome;
    this.rttMs = rttMs;
    this.#ping = setInterval(() => this.caughtUp().catch(() => {}), PING_EVERY_MS);
    this.lost = new Promise((_, reject) => {
      stream.on("close", () => reject(new Error("X ended the prober's connection")));
      listen(stream, (reply) => {
        if (reply.t === "refused") reject(new Error(`X refused: ${reply.reason}`));
        else this.#hear(reply);
      });
    });
    this.lost.catch(() => {}); // whoever needs X races against it
  }

  /**
   * Rejects with what ended the attempt: Node's error, or X's refusal. `catchUp` is called before a sighting is handed on, and looks at
   * what arrived here: the sighting may be of our kernel's answer to a packet that nobody looked at yet.
   */
  static async open(x: { readonly host: string; readonly port: number }, catchUp: () => void): Promise<XLine> {
    const stream = connect({ host: x.host, port: x.port, noDelay: true, family: 4 });
    stream.setTimeout(ANSWER_WITHIN_MS, () => stream.destroy(new Error(`X at ${x.host}:${x.port} does not answer`)));
    try {
      await new Promise((resolve, reject) => {
        stream.once("connect", resolve);
        stream.on("error", reject);
      });
      const askedAt = performance.now();
      stream.write(`${JSON.stringify({ t: "hello", v: PROBE_VERSION } satisfies ProberMessage)}\n`);
      const welcome = await firstReply(stream);
      stream.setTimeout(0);
      return new XLine(stream, { welcome, rttMs: performance.now() - askedAt, catchUp });
    } catch (error) {
      stream.destroy();
      throw error;
    }
  }

  /** The inside address that X is reached from. */
  get inside(): Ipv4 {
    return this.#stream.localAddress as Ipv4;
  }

  /** Our address as X sees it. */
  get outside(): Ipv4 {
    return this.welcome.observed.ip;
  }

  /** X's `address`th address (0: the one of this connection) and a port; undefined where X has fewer. */
  endpoint(address: number, portNumber: number): Endpoint | undefined {
    const ip = this.welcome.addresses[address];
    return ip === undefined ? undefined : { ip, port: port(portNumber) };
  }

  /** Has X send one packet; `onSent` is called, with the time on X's clock, before any sighting that it causes. */
  send(errand: Errand, onSent?: (atUs: number) => void): void {
    const id = (this.#lastId += 1);
    if (onSent) this.#sent.set(id, onSent);
    this.#say({ ...errand, id });
  }

  /** Resolves when X has told everything that had arrived there before it heard this question; rejects where X is lost. */
  caughtUp(): Promise<void> {
    const told = new Promise<void>((resolve) => {
      this.#pongs.push(resolve);
      this.#say({ t: "ping" });
    });
    return this.orLost(told);
  }

  /** What `promise` gives, unless X is lost before. */
  orLost<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.lost]);
  }

  /** Has X tell of segments with this sequence number, whatever address they come from. */
  watch(seq: number): void {
    this.#say({ t: "watch", seq });
  }

  /** Calls `onSighting` with everything that X sees from now on, until the returned function is called. */
  listen(onSighting: (sighting: Sighting) => void): () => void {
    this.#listeners.add(onSighting);
    return () => void this.#listeners.delete(onSighting);
  }

  /**
   * What `pick` makes of the first sighting, from `act` on, that it makes something of; undefined where there is none for `withinMs`.
   * X is asked at the end whether it has looked at everything: the question travels behind the packets, and arrives behind them.
   */
  async seen<T>(
    pick: (sighting: Sighting) => T | undefined,
    withinMs: number,
    act: () => void,
  ): Promise<T | undefined> {
    const picked = Promise.withResolvers<T | undefined>();
    const late = setTimeout(() => this.caughtUp().then(() => picked.resolve(undefined), picked.reject), withinMs);
    const stop = this.listen((sighting) => {
      const value = pick(sighting);
      if (value !== undefined) picked.resolve(value);
    });
    picked.promise.catch(() => {}); // nobody waits for it any more where act() throws, or X is lost first
    try {
      act();
      return await this.orLost(picked.promise);
    } finally {
      clearTimeout(late);
      stop();
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#ping);
    this.#stream.removeAllListeners("close").destroy();
  }

  #hear(reply: ProbeReply): void {
    if (reply.t === "sent") {
      this.#sent.get(reply.id)?.(reply.atUs);
      this.#sent.delete(reply.id);
    } else if (reply.t === "pong") this.#pongs.shift()?.();
    else if (reply.t === "seen" || reply.t === "seen-icmp") {
      this.#catchUp();
      for (const listener of this.#listeners) listener(reply);
    }
  }

  #say(message: ProberMessage): void {
    if (this.#stream.writable) this.#stream.write(`${JSON.stringify(message)}\n`);
  }
}

function firstReply(stream: Socket): Promise<Welcome> {
  return new Promise((resolve, reject) => {
    stream.on("close", () => reject(new Error("X closed the prober's connection")));
    listen(stream, (reply) => {
      stream.removeAllListeners("data");
      if (reply.t === "welcome") resolve(reply);
      else reject(new Error(reply.t === "refused" ? `X refused: ${reply.reason}` : `X answered ${reply.t} to hello`));
    });
  });
}

/** Calls `onReply` with every reply; a line that is none is X's fault and ends the connection. */
function listen(stream: Socket, onReply: (reply: ProbeReply) => void): void {
  const splitter = new LineSplitter();
  stream.on("data", (chunk: Buffer) => {
    const { lines, overflow } = splitter.push(chunk.toString("latin1"));
    if (overflow) stream.destroy(new Error("X sent too long a line"));
    for (const line of lines) {
      const parsed = parseProbeReply(line);
      if (parsed.ok) onReply(parsed.message);
      else stream.destroy(new Error(`X sent ${parsed.error}`));
    }
  });
}
