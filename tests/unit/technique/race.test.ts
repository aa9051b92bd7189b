import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { race, type Verified } from "../../../agents/technique/race.ts";
import type { HostAction, HostEvent, SocketName } from "../../../agents/technique/machine.ts";
import type { HostRole } from "../../../wire/rendezvous.ts";

type Word = "proof" | "chosen" | "reset";
const peerOf = (role: HostRole): HostRole => (role === "a" ? "b" : "a");

/** Some connections between a and b; what is said on one arrives in order, and nothing is in order between them. */
class Connections {
  readonly adopted: Partial<Record<HostRole, SocketName>> = {};
  readonly #verified: Record<HostRole, Verified> = { a: [], b: [] };
  readonly #ways: Way[];

  constructor(count: number) {
    const names = Array.from({ length: count }, (_, index) => `birthday-${index}`);
    this.#ways = names.flatMap((name) => (["a", "b"] as const).map((to) => new Way(name, to)));
  }

  /** Whether anything can still happen. */
  get busy(): boolean {
    return this.#ways.some((way) => way.due);
  }

  /** The `pick`-th of the things that can happen next. */
  next(pick: number): void {
    const due = this.#ways.filter((way) => way.due);
    const way = due[pick % due.length];
    if (!way) return;
    if (!way.connected) {
      way.connected = true;
      return this.#tell(way.to, { kind: "connected", socket: way.name });
    }
    if (way.reset) {
      way.over = true;
      return this.#fail(way);
    }
    this.#hear(way, way.words.shift()!);
  }

  /** A NAT forgets a connection: both ends get a RST sooner or later, and what is on its way is lost. */
  breakOne(pick: number): void {
    const { name } = this.#ways[pick % this.#ways.length]!;
    for (const way of this.#ways) if (way.name === name) way.reset = true;
  }

  #hear(way: Way, word: Word): void {
    if (word === "reset") {
      way.over = true;
      return this.#fail(way);
    }
    if (word === "proof") return this.#tell(way.to, { kind: "verified", socket: way.name });
    if (way.to === "b") this.#say("b", way.name, "chosen");
    this.#tell(way.to, { kind: "agreed", socket: way.name });
  }

  #fail({ to, name }: Way): void {
    this.#tell(to, { kind: "connect-failed", socket: name, failure: "reset-after-open", detail: "" });
  }

  #tell(role: HostRole, event: HostEvent): void {
    if (this.adopted[role] !== undefined) return;
    const step = race(role, this.#verified[role], event);
    this.#verified[role] = step!.state;
    for (const action of step!.actions) this.#perform(role, action);
  }

  #perform(role: HostRole, action: HostAction): void {
    switch (action.kind) {
      case "greet":
        return this.#say(role, action.socket, "proof");
      case "choose":
        return this.#say(role, action.socket, "chosen");
      case "await-choice": // on a way the words stay in order, so there is nothing to wait for
        return;
      case "adopt":
        this.adopted[role] = action.socket;
        // a RST comes behind what was said before it
        for (const way of this.#ways)
          if (way.to === peerOf(role) && way.name !== action.socket) way.words.push("reset");
        return;
      default:
        throw new Error(`a race does not ${action.kind}`);
    }
  }

  #say(from: HostRole, socket: SocketName, word: Word): void {
    this.#ways.find(({ name, to }) => name === socket && to !== from)?.words.push(word);
  }
}

/** One direction of a connection, seen from where it leads to. */
class Way {
  readonly words: Word[] = [];
  connected = false;
  reset = false;
  over = false;
  readonly name: SocketName;
  readonly to: HostRole;

  constructor(name: SocketName, to: HostRole) {
    this.name = name;
    this.to = to;
  }

  get due(): boolean {
    return !this.over && (!this.connected || this.reset || this.words.length > 0);
  }
}

const picks = fc.array(fc.nat(1000), { minLength: 60, maxLength: 60 });

function play(connections: Connections, order: readonly number[]): void {
  for (const pick of order) connections.next(pick);
  while (connections.busy) connections.next(0);
}

describe("several sockets that all come about, in whatever order", () => {
  it("end with one that both sides adopt, the same", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), picks, (count, order) => {
        const connections = new Connections(count);
        play(connections, order);
        const { a, b } = connections.adopted;
        expect(a).toBeDefined();
        expect(a).toBe(b);
      }),
      { numRuns: 2000 },
    );
  });

  it("never end with two different ones, however many break meanwhile", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), picks, picks, fc.nat(4), (count, before, after, breaks) => {
        const connections = new Connections(count);
        for (const pick of before) connections.next(pick);
        for (let index = 0; index < breaks; index += 1) connections.breakOne(after[index] ?? 0);
        play(connections, after);
        const { a, b } = connections.adopted;
        if (a !== undefined && b !== undefined) expect(a).toBe(b);
      }),
      { numRuns: 2000 },
    );
  });

  it("end with one where all break but it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), picks, picks, (count, before, after) => {
        const connections = new Connections(count);
        for (const pick of before.slice(0, 4)) connections.next(pick);
        for (let broken = 0; broken < count - 1; broken += 1) connections.breakOne(2 * broken);
        play(connections, after);
        expect(connections.adopted).toEqual({ a: `birthday-${count - 1}`, b: `birthday-${count - 1}` });
      }),
    );
  });
});
