import type { Socket } from "node:net";
import type { Endpoint } from "../wire/address.ts";
import { RENDEZVOUS_VERSION, type HostMessage, type HostRole, type XMessage } from "../wire/rendezvous.ts";
import type { Recorder } from "./capture.ts";
import { log } from "./channel.ts";
import type { PacketSender } from "./packet-sender.ts";
import { watchRoutedSyns, type RoutedSyn } from "./syn-report.ts";
import { xMachine } from "./technique/index.ts";
import { peerOf, type XAction, type XEvent, type XMachine } from "./technique/machine.ts";
import { Forgery } from "./x-forgery.ts";
import { refuse } from "./x-refusal.ts";

/** A host that does not read what it is told is cut off. */
const MAX_UNREAD_BYTES = 64 << 10;

type Hello = Extract<HostMessage, { t: "hello" }>;

export interface Member {
  readonly stream: Socket;
  /** Where the rendezvous connection comes from: the only address X forges packets to or from for this side. */
  readonly outside: Endpoint;
  /** Who says the same in the hello is this host once more. */
  readonly seat?: string;
}

/** One pair of hosts and X's machine between them. X forges only between addresses from which both sides really connected. */
export class XSession {
  readonly #key: string;
  readonly #technique: Hello["technique"];
  readonly #machine: XMachine<unknown>;
  readonly #members: Partial<Record<HostRole, Member>> = {};
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #recorder: () => Recorder;
  readonly #forgery: Forgery;
  #state: unknown;
  #stopWatching: (() => void) | undefined;

  constructor({ session, key, technique }: Hello, recorder: () => Recorder, sender: PacketSender) {
    this.#recorder = recorder;
    this.#key = key;
    this.#technique = technique;
    this.#forgery = new Forgery(session, sender, () => this.#members);
    this.#machine = xMachine(technique);
    this.#state = this.#machine.initial;
  }

  admits(key: string): boolean {
    return key === this.#key;
  }

  get empty(): boolean {
    return Object.keys(this.#members).length === 0;
  }

  /** Takes a host in and returns its role, or says why not. */
  join(
    { key, role: wanted, technique, v, seat }: Hello,
    guest: Pick<Member, "stream" | "outside">,
  ): { readonly role: HostRole } | { readonly refusal: string } {
    if (v !== RENDEZVOUS_VERSION) return { refusal: `version ${v}, this X speaks ${RENDEZVOUS_VERSION}` };
    if (!this.admits(key)) return { refusal: "wrong session key" };
    if (technique !== this.#technique) return { refusal: `the other side runs ${this.#technique}` };
    const role = wanted === "any" ? (["a", "b"] as const).find((free) => !this.#members[free]) : wanted;
    if (role === undefined) return { refusal: "both sides of this session are here already" };
    const earlier = this.#members[role];
    if (earlier && (seat === undefined || seat !== earlier.seat)) return { refusal: `role ${role} is taken` };
    this.#members[role] = { ...guest, ...(seat === undefined ? {} : { seat }) };
    if (earlier) refuse(earlier.stream, "came back by another connection");
    const chosen = technique === "auto" ? { role, forges: this.#forgery.isPossible } : {};
    this.#tell(role, { t: "welcome", v: RENDEZVOUS_VERSION, observed: guest.outside, ...chosen });
    const { a, b } = this.#members;
    if (a && b) {
      this.#forget();
      this.#dispatch({ kind: "paired", outside: { a: a.outside, b: b.outside } });
    }
    return { role };
  }

  /** A message from a member; returns why it is refused, if it is. */
  hear(from: HostRole, message: HostMessage): string | undefined {
    if (message.t === "hello") return "hello was said already";
    log("told", { from, message });
    const claimed = message.t === "ready" || message.t === "hit" ? message.endpoint : undefined;
    if (claimed && claimed.ip !== this.#members[from]?.outside.ip) return `endpoint ${claimed.ip} is not your address`;
    this.#dispatch({ kind: "told", from, message });
    return undefined;
  }

  leave(role: HostRole, stream: Socket): void {
    if (this.#members[role]?.stream !== stream) return;
    const wasPaired = this.#members.a && this.#members.b;
    delete this.#members[role];
    this.#forget();
    if (wasPaired) this.#tell(peerOf(role), { t: "peer-left" });
  }

  /** A pair begins anew, and ends with either of the two: nothing that an earlier member said may move a packet. */
  #forget(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#state = this.#machine.initial;
  }

  #dispatch(event: XEvent): void {
    try {
      const { state, actions } = this.#machine.step(this.#state, event);
      this.#state = state;
      this.#forgery.answer(actions.filter((action) => action.kind === "forge-syn-ack"));
      for (const action of actions) this.#perform(action);
    } catch (error) {
      this.#failBoth(error);
    }
  }

  /** What X cannot do (no CAP_NET_RAW, say) ends this session for both sides, and nothing else. */
  #failBoth(error: unknown): void {
    const words = error instanceof Error ? error.message : String(error);
    const reason = words.replaceAll(/[^\x20-\x7e]+/g, " ").slice(0, 200); // as isText wants it
    log("failed", { reason });
    for (const side of ["a", "b"] as const) this.#tell(side, { t: "x-failed", reason });
  }

  #perform(action: XAction): void {
    switch (action.kind) {
      case "forge-syn-ack":
        return; // sent already, with the others of the same step
      case "tell":
        return this.#tell(action.to, action.message);
      case "watch-routed-syns":
        this.#stopWatching ??= watchRoutedSyns(this.#recorder(), (syn) => this.#readSyn(syn));
        return;
      case "spray":
        return this.#background(this.#forgery.spray(action), { kind: "sprayed", count: action.count });
      case "sweep":
        return this.#background(this.#forgery.sweep(action), { kind: "swept", count: action.count });
      case "wait": {
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          this.#dispatch({ kind: "elapsed", timer: action.timer });
        }, action.ms);
        this.#timers.add(timer);
      }
    }
  }

  /** Hands on what is meant for one of the two sides: nothing else concerns this session. */
  #readSyn(routed: RoutedSyn): void {
    if (!Object.values(this.#members).some(({ outside }) => outside.ip === routed.to.ip)) return;
    this.#dispatch({ kind: "routed-syn", ...routed });
  }

  /** What happened once packets were sent, unless the two are no longer those that wanted it. */
  #background(sending: Promise<boolean>, event: XEvent): void {
    sending.then(
      (isWanted) => isWanted && this.#dispatch(event),
      (error: unknown) => this.#failBoth(error),
    );
  }

  #tell(to: HostRole, message: XMessage): void {
    const stream = this.#members[to]?.stream;
    if (!stream?.writable) return;
    stream.write(`${JSON.stringify(message)}\n`);
    if (stream.writableLength > MAX_UNREAD_BYTES) stream.destroy();
  }
}
