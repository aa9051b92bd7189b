import type { Endpoint, Ipv4 } from "../wire/address.ts";
import type { HostRole } from "../wire/rendezvous.ts";
import { seededPorts } from "../wire/seeded.ts";
import { Allowance } from "./allowance.ts";
import { log } from "./channel.ts";
import { forgeSynAck, sprayDatagrams } from "./forge.ts";
import type { PacketSender } from "./packet-sender.ts";
import { sweepDatagrams } from "./sweep-datagrams.ts";
import { SWEEP_PORTS, type XAction } from "./technique/machine.ts";

/** Outside ports that a spray may guess. */
const SPRAY_PORTS = { from: SWEEP_PORTS.from, to: SWEEP_PORTS.from + SWEEP_PORTS.count - 1 } as const;
/** Packets that one session may make X forge: it may search all ports of a NAT six times, and have some left for answers. */
const FORGED_PER_SESSION = 400_000;
/** A sweep takes its share of what all guests may send in such parts, and waits for each. */
const PART = 256;

/** Where the two sides are connected from; undefined while a side is not. */
export type Whereabouts = () => Readonly<Partial<Record<HostRole, { readonly outside: Endpoint }>>>;

/** What X forges for one session: only between the two addresses from which its sides are connected, and within its budgets. */
export class Forgery {
  readonly #name: string;
  readonly #sender: PacketSender;
  readonly #whereabouts: Whereabouts;
  readonly #allowance = new Allowance({ burst: FORGED_PER_SESSION, perSecond: 0 });

  constructor(name: string, sender: PacketSender, whereabouts: Whereabouts) {
    this.#name = name;
    this.#sender = sender;
    this.#whereabouts = whereabouts;
  }

  /** Whether X may send packets that claim to come from others. */
  get isPossible(): boolean {
    return this.#sender.forges;
  }

  /** All answers leave back to back: the side that is answered first must not send data before the other is open. */
  answer(answers: readonly Extract<XAction, { kind: "forge-syn-ack" }>[]): void {
    if (answers.length === 0) return;
    for (const { from, to } of answers) this.#allow(from.ip, to.ip);
    this.#spend(answers.length);
    const datagrams = answers.map((answer) => [forgeSynAck(answer), answer.to.ip] as const);
    for (const [datagram, destination] of datagrams) this.#sender.raw.send(datagram, destination);
    for (const { from, to } of answers) log("forge-syn-ack", { from, to });
  }

  /** Whether the two sides are still those for which it was sent. */
  async spray(action: Extract<XAction, { kind: "spray" }>): Promise<boolean> {
    const isAllowed = this.#allow(action.from.ip, action.to as Ipv4);
    this.#spend(action.count);
    const ports = seededPorts(`${this.#name}/spray`, action.count, SPRAY_PORTS);
    await this.#sender.raw.sendAll(takeWhile(sprayDatagrams(action, ports), isAllowed), action.to);
    log("sprayed", { from: action.from, to: action.to, count: action.count });
    return isAllowed();
  }

  /** As `spray`, and no faster than all guests together may send. */
  async sweep(action: Extract<XAction, { kind: "sweep" }>): Promise<boolean> {
    const { from, to, first, count } = action;
    const isAllowed = this.#allow(from.ip, to);
    this.#spendOwn(count);
    for (let sent = 0; sent < count && isAllowed(); sent += PART) {
      const part = Math.min(PART, count - sent);
      while (isAllowed() && !this.#sender.take(part)) await this.#sender.refilled();
      const datagrams = sweepDatagrams({ ...action, first: first + sent, count: part }, this.#name);
      await this.#sender.raw.sendAll(takeWhile(datagrams, isAllowed), to);
    }
    log("swept", { from, to, first, count });
    return isAllowed();
  }

  /** Throws unless one of the two is where a, and the other where b, is connected from now; returns whether they still are. */
  #allow(from: Ipv4, to: Ipv4): () => boolean {
    const { a, b } = this.#whereabouts();
    const [ofA, ofB] = [a?.outside.ip, b?.outside.ip];
    if (!(ofA === from && ofB === to) && !(ofA === to && ofB === from))
      throw new Error(`nothing is forged between ${from} and ${to}, which are not both connected`);
    return () => this.#whereabouts().a === a && this.#whereabouts().b === b;
  }

  /** Throws where the session, or X as a whole, has sent enough. */
  #spend(packets: number): void {
    this.#spendOwn(packets);
    if (!this.#sender.take(packets)) throw new Error("too many forged packets for others, try again in a minute");
  }

  #spendOwn(packets: number): void {
    if (!this.#allowance.take(packets)) throw new Error("the session has used up its forged packets");
  }
}

function* takeWhile<T>(items: Iterable<T>, isWanted: () => boolean): Generator<T> {
  for (const item of items) {
    if (!isWanted()) return;
    yield item;
  }
}
