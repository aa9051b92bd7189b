import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { X_PORTS } from "../../../wire/rendezvous.ts";
import { until } from "../../kit/until.ts";
import type { Namespace } from "../nat/namespace.ts";
import type { VisitorEvent, VisitorOrder } from "./orders.ts";

const VISITORS = join(import.meta.dirname, "visitors.ts");
const WITHIN = { withinMs: 30_000 };

/** A connection to X, as its visitor sees it. */
export class Visit {
  readonly id: number;
  readonly from: string;
  readonly #order: (order: VisitorOrder) => void;
  text = "";
  connected = false;
  closed = false;

  constructor(id: number, from: string, order: (order: VisitorOrder) => void) {
    this.id = id;
    this.from = from;
    this.#order = order;
  }

  say(...messages: readonly object[]): void {
    this.write(messages.map((message) => `${JSON.stringify(message)}\n`).join(""));
  }

  write(bytes: string | Uint8Array): void {
    this.#order({ order: "say", id: this.id, hex: Buffer.from(bytes).toString("hex") });
  }

  leave(how: "leave" | "end" = "leave"): void {
    this.#order({ order: how, id: this.id });
  }

  /** Whole lines that X has said. */
  get heard(): readonly { readonly t: string; readonly reason?: string }[] {
    const lines = this.text.split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line) as { t: string });
  }

  hears(t: string): Promise<unknown> {
    const said = (): unknown => this.heard.find((message) => message.t === t);
    return until(`X says ${t}`, said, { ...WITHIN, seen: () => [this.text, this.closed] });
  }

  /** All that came so far is `text`. */
  says(text: string): Promise<true> {
    return until(`X says ${text}`, () => this.text === text || undefined, { ...WITHIN, seen: () => this.text });
  }

  /** Something came. */
  isAnswered(): Promise<true> {
    return until("X answers", () => this.text !== "" || undefined, { ...WITHIN, seen: () => this.connected });
  }

  isClosed(): Promise<true> {
    return until("X closes", () => this.closed || undefined, { ...WITHIN, seen: () => this.text });
  }
}

/** Visitors of an X, from any address of a network namespace. */
export class Visitors implements AsyncDisposable {
  readonly forged: { readonly src: string; readonly dst: string }[] = [];
  readonly #process: ChildProcess;
  readonly #x: string;
  readonly #visits: Visit[] = [];
  readonly #ready: Promise<void>;
  #isReady: (() => void) | undefined;
  #looked: (() => void) | undefined;

  private constructor(namespace: Namespace, x: string) {
    this.#x = x;
    this.#ready = new Promise((resolve) => (this.#isReady = resolve));
    const command = [`--net=/proc/${namespace.pid}/ns/net`, process.execPath, VISITORS];
    this.#process = spawn("nsenter", command, { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.#process.stdout! }).on("line", (line) =>
      this.#hear(JSON.parse(line) as VisitorEvent),
    );
  }

  /** Visitors who are ready to connect to the X that has the address `x`. */
  static async start(namespace: Namespace, x: string): Promise<Visitors> {
    const visitors = new Visitors(namespace, x);
    await visitors.#ready;
    return visitors;
  }

  /** Connects to X; what is said before the connection stands is sent once it does. */
  visit(from: string, port: number = X_PORTS.rendezvous): Visit {
    const visit = new Visit(this.#visits.length, from, (order) => this.#order(order));
    this.#visits.push(visit);
    this.#order({ order: "visit", id: visit.id, from, to: this.#x, port });
    return visit;
  }

  /** Resolves once every packet that arrived before is in `forged`. */
  async look(): Promise<void> {
    const looked = new Promise<void>((resolve) => (this.#looked = resolve));
    this.#order({ order: "look" });
    await looked;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#process, "exit");
    this.#process.kill();
    await gone;
  }

  #order(order: VisitorOrder): void {
    this.#process.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  #hear(event: VisitorEvent): void {
    switch (event.event) {
      case "ready":
        return this.#isReady?.();
      case "looked":
        return this.#looked?.();
      case "forged":
        return void this.forged.push({ src: event.src, dst: event.dst });
    }
    const visit = this.#visits[event.id];
    if (!visit) return;
    if (event.event === "heard") visit.text += event.text;
    else if (event.event === "closed") visit.closed = true;
    else visit.connected = true;
  }
}
