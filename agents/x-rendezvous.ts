import type { Socket } from "node:net";
import type { Endpoint } from "../wire/address.ts";
import { LineSplitter, parseHostMessage, type HostMessage, type HostRole } from "../wire/rendezvous.ts";
import type { Recorder } from "./capture.ts";
import type { PacketSender } from "./packet-sender.ts";
import { refuse } from "./x-refusal.ts";
import { XSession } from "./x-session.ts";

/** A connection that does not introduce itself is closed after this long. */
const HELLO_WITHIN_MS = 10_000;
/** So long may a host wait for its peer, or say nothing. */
const IDLE_MS = 600_000;
/** Messages that one connection may send; no technique needs a tenth of them. */
const MAX_MESSAGES = 200;

interface Seat {
  readonly name: string;
  readonly session: XSession;
  readonly role: HostRole;
}

/** Brings the two hosts of a session together. What it holds is bounded by its guests: no session outlives its last connection. */
export class RendezvousService {
  readonly #sessions = new Map<string, XSession>();
  readonly #recorder: () => Recorder;
  readonly #sender: PacketSender;

  constructor(recorder: () => Recorder, sender: PacketSender) {
    this.#recorder = recorder;
    this.#sender = sender;
  }

  /** Whether a session of that name is open under that key. */
  admits(session: string, key: string): boolean {
    return this.#sessions.get(session)?.admits(key) ?? false;
  }

  /** Serves one host until either end closes. */
  serve(stream: Socket, outside: Endpoint): void {
    const splitter = new LineSplitter();
    const late = setTimeout(() => refuse(stream, "no hello in time"), HELLO_WITHIN_MS);
    let seat: Seat | undefined;
    let messagesLeft = MAX_MESSAGES;
    const hear = (line: string): string | undefined => {
      const parsed = parseHostMessage(line);
      if (!parsed.ok) return parsed.error;
      messagesLeft -= 1;
      if (messagesLeft < 0) return "too many messages";
      if (seat) return seat.session.hear(seat.role, parsed.message);
      const joined = this.#join(parsed.message, stream, outside);
      if (typeof joined === "string") return joined;
      clearTimeout(late);
      stream.setTimeout(IDLE_MS, () => refuse(stream, "silent for too long"));
      seat = joined;
      return undefined;
    };
    stream.on("data", (chunk: Buffer) => {
      const { lines, overflow } = splitter.push(chunk.toString("utf8"));
      if (overflow) return refuse(stream, "line too long");
      for (const line of lines) {
        const refusal = hear(line);
        if (refusal !== undefined) return refuse(stream, refusal);
      }
    });
    stream.on("end", () => stream.end());
    stream.on("close", () => {
      clearTimeout(late);
      if (seat) this.#leave(seat, stream);
    });
  }

  /** Forgets every session. */
  reset(): void {
    this.#sessions.clear();
  }

  /** Seats a host in its session, or says why not. */
  #join(message: HostMessage, stream: Socket, outside: Endpoint): Seat | string {
    if (message.t !== "hello") return "hello must come first";
    const { session: name } = message;
    const session = this.#sessions.get(name) ?? new XSession(message, this.#recorder, this.#sender);
    const joined = session.join(message, { stream, outside });
    if ("refusal" in joined) return joined.refusal;
    this.#sessions.set(name, session);
    return { name, session, role: joined.role };
  }

  #leave({ name, session, role }: Seat, stream: Socket): void {
    session.leave(role, stream);
    if (session.empty && this.#sessions.get(name) === session) this.#sessions.delete(name);
  }
}
