import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { X_PORTS } from "../../../wire/rendezvous.ts";
import { until } from "../../kit/until.ts";
import { Namespace } from "../nat/namespace.ts";
import type { VisitorEvent, VisitorOrder } from "./orders.ts";

const X = join(import.meta.dirname, "../../../agents/natbed-x.ts");
const VISITORS = join(import.meta.dirname, "visitors.ts");
const WITHIN = { withinMs: 10_000 };

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

/** natbed-x as a program, and visitors from any loopback address, in a network namespace of their own. */
export class Station implements AsyncDisposable {
  readonly x: ChildProcess;
  readonly forged: { readonly src: string; readonly dst: string }[] = [];
  readonly #stack = new AsyncDisposableStack();
  readonly #namespace: Namespace;
  readonly #visits: Visit[] = [];
  readonly #visitors: ChildProcess;
  #looked: (() => void) | undefined;
  #ready = false;
  /** What X has printed. */
  said = "";
  complaints = "";

  private constructor(namespace: Namespace, wrapper: readonly string[]) {
    this.#namespace = this.#stack.use(namespace);
    const start = (...words: readonly string[]): ChildProcess => {
      const child = spawn("nsenter", [`--net=/proc/${namespace.pid}/ns/net`, ...words], { stdio: "pipe" });
      this.#stack.defer(() => ended(child));
      return child;
    };
    this.x = start(...wrapper, process.execPath, X);
    this.x.stdout?.on("data", (chunk: Buffer) => (this.said += chunk.toString()));
    this.x.stderr?.on("data", (chunk: Buffer) => (this.complaints += chunk.toString()));
    this.#visitors = start(process.execPath, VISITORS);
    this.#visitors.stderr?.pipe(process.stderr);
    createInterface({ input: this.#visitors.stdout! }).on("line", (line) =>
      this.#hear(JSON.parse(line) as VisitorEvent),
    );
  }

  /** `wrapper` is a command before X's own, `prlimit` for one. */
  static async open(...wrapper: readonly string[]): Promise<Station> {
    const namespace = await Namespace.open();
    namespace.sh("ip link set lo up");
    const station = new Station(namespace, wrapper);
    await until("X serves", () => (station.said.includes("serves") && station.#ready) || undefined, {
      ...WITHIN,
      seen: () => station.complaints,
    });
    return station;
  }

  /** Connects to X; what is said before the connection stands is sent once it does. */
  visit(from: string, port: number = X_PORTS.rendezvous): Visit {
    const visit = new Visit(this.#visits.length, from, (order) => this.#order(order));
    this.#visits.push(visit);
    this.#order({ order: "visit", id: visit.id, from, port });
    return visit;
  }

  /** Resolves once every packet that arrived before is in `forged`. */
  async look(): Promise<void> {
    const looked = new Promise<void>((resolve) => (this.#looked = resolve));
    this.#order({ order: "look" });
    await looked;
  }

  /** Runs a shell script where X is, and returns its output. */
  sh(script: string): string {
    return this.#namespace.sh(script);
  }

  get netPath(): string {
    return `/proc/${this.#namespace.pid}/ns/net`;
  }

  /** X's open files. */
  get openFiles(): number {
    return readdirSync(`/proc/${this.x.pid}/fd`).length;
  }

  /** X's memory, in MiB. */
  get residentMiB(): number {
    const status = readFileSync(`/proc/${this.x.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  #order(order: VisitorOrder): void {
    this.#visitors.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  #hear(event: VisitorEvent): void {
    switch (event.event) {
      case "ready":
        this.#ready = true;
        return;
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

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill();
  await gone;
}
