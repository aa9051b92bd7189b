import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { PartialModel } from "../../../orchestrator/nat/model.ts";
import type {
  AgentEvent,
  AttemptParameters,
  AttemptResult,
  Operation,
  Operations,
  Reply,
} from "../../../wire/control.ts";
import type { TechniqueSpec } from "../../../wire/technique.ts";
import { RENDEZVOUS_VERSION, type HostMessage, X_PORTS } from "../../../wire/rendezvous.ts";
import { until } from "../../kit/until.ts";
import { Laboratory, PEER, STRANGER } from "../nat/laboratory.ts";
import type { Namespace } from "../nat/namespace.ts";
import { XProgram } from "../x/station.ts";
import { Visitors, type Visit } from "../x/visit.ts";

const HOST = join(import.meta.dirname, "../../../agents/host.ts");

/** A host's agent as in a world, here in a network namespace. */
export class HostAgent implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #pending = new Map<number, (reply: Reply) => void>();
  readonly logs: { readonly what: string; readonly detail?: unknown }[] = [];
  #id = 0;
  #isReady = false;

  private constructor(namespace: Namespace, wrapper: readonly string[]) {
    const command = [`--net=/proc/${namespace.pid}/ns/net`, ...wrapper, process.execPath, HOST];
    this.#process = spawn("nsenter", command, { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.#process.stdout! }).on("line", (line) => this.#hear(line));
  }

  /** `wrapper` is a command before the agent's own. */
  static async start(namespace: Namespace, wrapper: readonly string[] = []): Promise<HostAgent> {
    const host = new HostAgent(namespace, wrapper);
    await until("the host's agent is ready", () => host.#isReady || undefined, { withinMs: 30_000 });
    return host;
  }

  async call<Op extends Operation>(
    op: Op,
    parameters: Operations[Op]["parameters"],
  ): Promise<Operations[Op]["result"]> {
    const id = ++this.#id;
    const answer = new Promise<Reply>((resolve) => this.#pending.set(id, resolve));
    this.#process.stdin!.write(`${JSON.stringify({ id, op, parameters })}\n`);
    const reply = await answer;
    if (!reply.ok) throw new Error(reply.error);
    return reply.result as Operations[Op]["result"];
  }

  /** Details of the first thing that the host logs under that name, and with these details. */
  async does(what: string, details: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const fits = (detail: unknown): boolean =>
      Object.entries(details).every(([key, value]) => (detail as Record<string, unknown>)[key] === value);
    const found = (): unknown => this.logs.find((log) => log.what === what && fits(log.detail));
    const log = await until(`the host logs ${what}`, found, { withinMs: 30_000, seen: () => this.logs });
    return (log as { detail?: unknown }).detail;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Its open files. */
  get openFiles(): number {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return 0;
    return readdirSync(`/proc/${this.#process.pid}/fd`).length;
  }

  /** SIGKILL: it has no time to clean up. */
  async kill(): Promise<void> {
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.stdin?.end();
    await gone;
  }

  #hear(line: string): void {
    const message = JSON.parse(line) as Reply | AgentEvent;
    if (!("event" in message)) this.#pending.get(message.id)?.(message);
    else if (message.event === "log") this.logs.push(message);
    else this.#isReady = true;
  }
}

type Role = AttemptParameters["role"];

/** The outside port that the scripted peer says it has; nothing answers there. */
export const PEER_PORT = 40_000;
export const FIRST_LOCAL_PORT = 50_000;
const WINDOW = 64;

/** A real host behind a real NAT, a real X, and in the place of its peer whatever a test says. */
export class Meeting implements AsyncDisposable {
  readonly lab: Laboratory;
  readonly #stack = new AsyncDisposableStack();
  readonly #visitors: Visitors;
  host: HostAgent;
  x: XProgram;
  #attempts = 0;

  private constructor(lab: Laboratory, parts: { host: HostAgent; x: XProgram; visitors: Visitors }) {
    this.lab = this.#stack.use(lab);
    this.host = this.#stack.use(parts.host);
    this.x = this.#stack.use(parts.x);
    this.#visitors = this.#stack.use(parts.visitors);
  }

  static async open(model: PartialModel = {}): Promise<Meeting> {
    const lab = await Laboratory.open();
    await lab.load({ timeExceeded: "drop", ...model });
    lab.outsideSpace.sh(`ip link set lo up; iptables-nft -A INPUT -p tcp -d ${STRANGER} --dport ${PEER_PORT} -j DROP`);
    lab.box.sh("iptables-nft -A OUTPUT -p icmp --icmp-type time-exceeded -j DROP"); // of SYNs that end at the NAT itself
    const [host, x, visitors] = await Promise.all([
      HostAgent.start(lab.insideSpace),
      XProgram.start(lab.outsideSpace),
      Visitors.start(lab.outsideSpace, PEER),
    ]);
    return new Meeting(lab, { host, x, visitors });
  }

  /** Puts another host in the place of the one that there is. */
  async hostAs(...wrapper: readonly string[]): Promise<void> {
    await this.host[Symbol.asyncDispose]();
    this.host = this.#stack.use(await HostAgent.start(this.lab.insideSpace, wrapper));
  }

  /** Ends X and starts another. */
  async xAs(...wrapper: readonly string[]): Promise<void> {
    await this.x[Symbol.asyncDispose]();
    this.x = this.#stack.use(await XProgram.start(this.lab.outsideSpace, wrapper));
  }

  /** Begins an attempt of the host; its session is the one that `peer` joins next. */
  attempt(technique: TechniqueSpec, more: Partial<AttemptParameters> = {}): Promise<AttemptResult> {
    this.#attempts += 1;
    this.host.logs.splice(0);
    return this.host.call("attempt", { ...this.parameters(technique), ...more });
  }

  parameters(technique: TechniqueSpec, role: Role = "a"): AttemptParameters {
    const localPort = FIRST_LOCAL_PORT + WINDOW * (this.#attempts % 150);
    const session = `session ${this.#attempts}`;
    return { role, technique, x: PEER, session, key: "k", localPort, deadlineMs: 30_000, seed: 7 };
  }

  /** The name of the session of the attempt that comes next. */
  get nextSession(): string {
    return `session ${this.#attempts + 1}`;
  }

  /** The peer comes to X. */
  peer(technique: TechniqueSpec, role: Role = "b", more: Partial<Extract<HostMessage, { t: "hello" }>> = {}): Visit {
    const visit = this.#visitors.visit(STRANGER);
    const { session, key } = this.parameters(technique);
    visit.say({ t: "hello", v: RENDEZVOUS_VERSION, session, key, role, technique: technique.name, ...more });
    return visit;
  }

  /** Resolves once X has dealt with all that was said before. */
  async xHasHeard(): Promise<void> {
    const later = this.#visitors.visit(PEER, X_PORTS.probes[0]);
    await later.isAnswered();
    later.leave();
  }

  /** The sockets and nft tables that are where the host is. */
  left(): string {
    return this.lab.insideSpace.sh("ss -Htanp exclude time-wait; nft list tables").trim();
  }

  /** Ends the attempt; then the host has open what it had before, and the kernel none of its sockets and rules. */
  async isClean(filesBefore: number): Promise<void> {
    await this.host.call("reset", {});
    const left = (): string => {
      const files = this.host.openFiles > filesBefore ? `${this.host.openFiles} open files, ${filesBefore} before` : "";
      return [this.left(), files].filter(Boolean).join("\n");
    };
    await until("nothing is left of the attempt", () => left() === "" || undefined, { withinMs: 5_000, seen: left });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
