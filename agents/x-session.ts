import type { Socket } from "node:net";
import type { Endpoint, Ipv4 } from "../wire/address.ts";
import { RENDEZVOUS_VERSION, type HostMessage, type HostRole, type XMessage } from "../wire/rendezvous.ts";
import { seededPorts } from "../wire/seeded.ts";
import { Allowance } from "./allowance.ts";
import type { Recorder } from "./capture.ts";
import { log } from "./channel.ts";
import { forgeSynAck, sprayDatagrams } from "./forge.ts";
import type { PacketSender } from "./packet-sender.ts";
import { watchRoutedSyns, type RoutedSyn } from "./syn-report.ts";
import { xMachine } from "./technique/index.ts";
import { peerOf, type XAction, type XEvent, type XMachine } from "./technique/machine.ts";

/** Outside ports that a spray may guess (RFC 4787 section 4.2.1: a NAT leaves the well-known ports alone). */
const SPRAY_PORTS = { from: 1_024, to: 65_535 } as const;
/** Packets that one session may make X forge. */
const FORGED = { burst: 25_000, perSecond: 0 } as const;
/** A host that does not read what it is told is cut off. */
const MAX_UNREAD_BYTES = 64 << 10;

type Hello = Extract<HostMessage, { t: "hello" }>;

export interface Member {
  readonly stream: Socket;
  /** Where the rendezvous connection comes from: the only address X forges packets to or from for this side. */
  readonly outside: Endpoint;
}

/** One pair of hosts and X's machine between them. X forges only between addresses from which both sides really connected. */
export class XSession {
  readonly #key: string;
  readonly #technique: Hello["technique"];
  readonly #machine: XMachine<unknown>;
  readonly #members: Partial<Record<HostRole, Member>> = {};
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #recorder: () => Recorder;
  readonly #name: string;
  readonly #sender: PacketSender;
  readonly #allowance = new Allowance(FORGED);
  #state: unknown;
  #stopWatching: (() => void) | undefined;

  constructor({ session, key, technique }: Hello, recorder: () => Recorder, sender: PacketSender) {
    this.#recorder = recorder;
    this.#name = session;
    this.#key = key;
    this.#technique = technique;
    this.#sender = sender;
    this.#machine = xMachine(technique);
    this.#state = this.#machine.initial;
  }

  admits(key: string): boolean {
    return key === this.#key;
  }

  get empty(): boolean {
    return Object.keys(this.#members).length === 0;
  }

  /** Takes a host in, or says why not. */
  join({ key, role, technique, v }: Hello, member: Member): string | undefined {
    if (v !== RENDEZVOUS_VERSION) return `version ${v}, this X speaks ${RENDEZVOUS_VERSION}`;
    if (!this.admits(key)) return "wrong session key";
    if (technique !== this.#technique) return `the other side runs ${this.#technique}`;
    if (this.#members[role]) return `role ${role} is taken`;
    this.#members[role] = member;
    this.#tell(role, { t: "welcome", v: RENDEZVOUS_VERSION, observed: member.outside });
    const { a, b } = this.#members;
    if (a && b) {
      this.#forget();
      this.#dispatch({ kind: "paired", outside: { a: a.outside, b: b.outside } });
    }
    return undefined;
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
      this.#forge(actions.filter((action) => action.kind === "forge-syn-ack"));
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

  /** Both answers leave back to back: the side that is answered first must not send data before the other is open. */
  #forge(answers: readonly Extract<XAction, { kind: "forge-syn-ack" }>[]): void {
    if (answers.length === 0) return;
    for (const { from, to } of answers) this.#allow(from.ip, to.ip);
    this.#spend(answers.length);
    const datagrams = answers.map((answer) => [forgeSynAck(answer), answer.to.ip] as const);
    for (const [datagram, destination] of datagrams) this.#sender.raw.send(datagram, destination);
    for (const { from, to } of answers) log("forge-syn-ack", { from, to });
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
        this.#spray(action).catch((error: unknown) => this.#failBoth(error));
        return;
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

  async #spray(action: Extract<XAction, { kind: "spray" }>): Promise<void> {
    const isAllowed = this.#allow(action.from.ip, action.to as Ipv4);
    this.#spend(action.count);
    const ports = seededPorts(`${this.#name}/spray`, action.count, SPRAY_PORTS);
    await this.#sender.raw.sendAll(takeWhile(sprayDatagrams(action, ports), isAllowed), action.to);
    log("sprayed", { from: action.from, to: action.to, count: action.count });
    if (isAllowed()) this.#dispatch({ kind: "sprayed", count: action.count });
  }

  /** Throws unless one of the two is where a, and the other where b, is connected from now; returns whether they still are. */
  #allow(from: Ipv4, to: Ipv4): () => boolean {
    const { a, b } = this.#members;
    const [ofA, ofB] = [a?.outside.ip, b?.outside.ip];
    if (!(ofA === from && ofB === to) && !(ofA === to && ofB === from))
      throw new Error(`nothing is forged between ${from} and ${to}, which are not both connected`);
    return () => this.#members.a === a && this.#members.b === b;
  }

  /** Throws where the session, or X as a whole, has sent enough. */
  #spend(packets: number): void {
    if (!this.#allowance.take(packets)) throw new Error("the session has used up its forged packets");
    if (!this.#sender.take(packets)) throw new Error("too many forged packets for others, try again in a minute");
  }

  #tell(to: HostRole, message: XMessage): void {
    const stream = this.#members[to]?.stream;
    if (!stream?.writable) return;
    stream.write(`${JSON.stringify(message)}\n`);
    if (stream.writableLength > MAX_UNREAD_BYTES) stream.destroy();
  }
}

function* takeWhile<T>(items: Iterable<T>, isWanted: () => boolean): Generator<T> {
  for (const item of items) {
    if (!isWanted()) return;
    yield item;
  }
}
