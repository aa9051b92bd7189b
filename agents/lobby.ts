import { randomBytes } from "node:crypto";
import type { HostMessage, HostRole, WantedRole, XMessage } from "../wire/rendezvous.ts";
import { log } from "./channel.ts";
import { Rendezvous, type Joining, type Loss } from "./host-rendezvous.ts";
import type { TcpSocket } from "./net/tcp-socket.ts";

/** X answers hello at once. */
const WELCOME_WITHIN_MS = 10_000;
/** An X that restarts, or a NAT that does, is back by then, or this host does without. */
const BACK_WITHIN_MS = 6_000;
const TRY_EVERY_MS = 250;
/** One try to come back; a SYN that was lost on the way there is not worth more. */
const TRY_WITHIN_MS = 2_000;

export interface LobbyListener {
  readonly onMessage: (message: XMessage) => void;
  /** X is out of reach; `isFinal`: for good. Otherwise a `welcome` follows, and `paired` where the peer is there too. */
  readonly onLost: (why: string, isFinal: boolean) => void;
}

/**
 * A host's place at X while it tries one thing after the other. A place that was taken is taken again when the connection is lost, for X
 * restarts and NATs forget: what was said meanwhile is lost, and `paired` tells both hosts to say again what the other may have missed.
 */
export class Lobby {
  readonly #joining: Joining;
  readonly #listener: LobbyListener;
  readonly #seat = randomBytes(16).toString("hex");
  #role: WantedRole;
  #rendezvous: Rendezvous | undefined;
  #socket: TcpSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Until when the place has to be taken again. */
  #until: number | undefined;
  #wasIn = false;
  #ended = false;

  constructor(joining: Omit<Joining, "seat">, listener: LobbyListener) {
    this.#joining = joining;
    this.#listener = listener;
    this.#role = joining.role;
  }

  join(): void {
    this.#connect(WELCOME_WITHIN_MS);
  }

  /** Says something to X, unless X is out of reach. */
  tell(message: HostMessage): void {
    this.#rendezvous?.tell(message);
  }

  /** Says nothing more: X forgets this host once it is gone. */
  leave(): void {
    this.#end();
    if (this.#rendezvous) this.#rendezvous.leave();
    else this.#socket?.destroy();
  }

  dispose(): void {
    this.#end();
    this.#socket?.destroy();
  }

  #connect(withinMs: number): void {
    this.#rendezvous = undefined;
    this.#socket?.destroy();
    let isOver = false;
    const lost = (loss: Loss): void => {
      if (isOver || this.#ended) return;
      isOver = true;
      this.#lose(loss);
    };
    this.#after(withinMs, () => lost({ kind: "broken", why: "X does not answer" }));
    const onMessage = (message: XMessage): void => {
      if (isOver || this.#ended) return;
      if (message.t === "welcome") this.#enter(message.role);
      this.#listener.onMessage(message);
    };
    const keep = (socket: TcpSocket): void => {
      if (isOver || this.#ended) socket.destroy();
      else this.#socket = socket;
    };
    Rendezvous.join({ ...this.#joining, role: this.#role, seat: this.#seat }, { onMessage, onLost: lost }, keep).then(
      (rendezvous) => {
        if (!isOver) this.#rendezvous = rendezvous;
      },
      (error: unknown) => lost({ kind: "broken", why: error instanceof Error ? error.message : String(error) }),
    );
  }

  #enter(role: HostRole | undefined): void {
    clearTimeout(this.#timer);
    if (this.#until !== undefined) log("lobby-back");
    this.#until = undefined;
    this.#wasIn = true;
    this.#role = role ?? this.#role;
  }

  #lose({ kind, why }: Loss): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    const isNews = this.#until === undefined;
    this.#until ??= now + BACK_WITHIN_MS;
    const isFinal = kind === "refused" || !this.#wasIn || now + TRY_EVERY_MS > this.#until;
    if (isFinal) this.#end();
    else this.#after(TRY_EVERY_MS, () => this.#connect(TRY_WITHIN_MS));
    if (!isNews && !isFinal) return;
    log("lobby-lost", { why, isFinal });
    this.#listener.onLost(why, isFinal);
  }

  #after(ms: number, run: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(run, ms);
  }

  #end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }
}
