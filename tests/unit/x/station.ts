import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { endBy, isRunning } from "../../kit/child.ts";
import { until } from "../../kit/until.ts";
import { Namespace } from "../nat/namespace.ts";
import { X_ADDRESS } from "./orders.ts";
import { Visitors, type Visit } from "./visit.ts";

const X = join(import.meta.dirname, "../../../agents/natbed-x.ts");
const WITHIN = { withinMs: 30_000 };

/** A command that runs another one without any capability. */
export const UNPRIVILEGED = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] as const;

/** natbed-x as a program. */
export class XProgram implements AsyncDisposable {
  readonly process: ChildProcess;
  /** What X has printed. */
  said = "";
  complaints = "";

  private constructor(namespace: Namespace, wrapper: readonly string[], asked: readonly string[]) {
    const command = [`--net=/proc/${namespace.pid}/ns/net`, ...wrapper, process.execPath, X, ...asked];
    this.process = spawn("nsenter", command, { stdio: "pipe" });
    this.process.stdout?.on("data", (chunk: Buffer) => (this.said += chunk.toString()));
    this.process.stderr?.on("data", (chunk: Buffer) => (this.complaints += chunk.toString()));
  }

  /** `wrapper` is a command before X's own, `prlimit` for one; `asked` are words behind it. */
  static async start(
    namespace: Namespace,
    wrapper: readonly string[] = [],
    asked: readonly string[] = [],
  ): Promise<XProgram> {
    const x = new XProgram(namespace, wrapper, asked);
    const seen = (): string => x.complaints;
    await until("X serves", () => x.said.includes("serves") || undefined, { ...WITHIN, seen });
    return x;
  }

  get runs(): boolean {
    return isRunning(this.process);
  }

  /** SIGKILL: the kernel closes its connections. */
  kill(): Promise<void> {
    return endBy(this.process, () => this.process.kill("SIGKILL"));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return endBy(this.process, () => this.process.kill());
  }
}

/** natbed-x as a program, and visitors from any loopback address, in a network namespace of their own. */
export class Station implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #namespace: Namespace;
  readonly #program: XProgram;
  readonly #visitors: Visitors;

  private constructor(namespace: Namespace, program: XProgram, visitors: Visitors) {
    this.#namespace = this.#stack.use(namespace);
    this.#program = this.#stack.use(program);
    this.#visitors = this.#stack.use(visitors);
  }

  /** `wrapper` is a command before X's own, `prlimit` for one. */
  static open(...wrapper: readonly string[]): Promise<Station> {
    return Station.#open(wrapper, []);
  }

  /** With an X that is asked for something. */
  static asking(...words: readonly string[]): Promise<Station> {
    return Station.#open([], words);
  }

  static async #open(wrapper: readonly string[], asked: readonly string[]): Promise<Station> {
    const namespace = await Namespace.open();
    namespace.sh("ip link set lo up");
    const [program, visitors] = await Promise.all([
      XProgram.start(namespace, wrapper, asked),
      Visitors.start(namespace, X_ADDRESS),
    ]);
    return new Station(namespace, program, visitors);
  }

  get x(): ChildProcess {
    return this.#program.process;
  }

  get complaints(): string {
    return this.#program.complaints;
  }

  get forged(): Visitors["forged"] {
    return this.#visitors.forged;
  }

  /** Connects to X; what is said before the connection stands is sent once it does. */
  visit(from: string, port?: number): Visit {
    return this.#visitors.visit(from, port);
  }

  /** Resolves once every packet that arrived before is in `forged`. */
  look(): Promise<void> {
    return this.#visitors.look();
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
}
