import { PassThrough, type Duplex } from "node:stream";
import type Dockerode from "dockerode";
import type { AgentEvent, NodeId, Operation, Operations, Reply } from "../../wire/control.ts";
import { NatbedError } from "../errors.ts";

/** An agent's own words, kept as evidence. */
export type AgentLog = Extract<AgentEvent, { event: "log" }> & { readonly node: NodeId };

interface Pending {
  readonly op: Operation;
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const ANSWER_WITHIN_MS = 15_000;
const STDERR_LINES = 20;

/** The resident agent of one container, spoken to over the container's attached stdin and stdout. */
export class Agent {
  readonly node: NodeId;
  /** The agent's process number in the world's PID namespace. */
  readonly ready: Promise<number>;
  readonly #stream: Duplex;
  readonly #pending = new Map<number, Pending>();
  #logs: AgentLog[] = [];
  #nextId = 1;
  #stderr = "";
  #lost: NatbedError | undefined;
  #onReady: { resolve: (pid: number) => void; reject: (error: Error) => void } | undefined;

  constructor(node: NodeId, stream: Duplex, modem: Dockerode["modem"]) {
    this.node = node;
    this.#stream = stream;
    this.ready = new Promise((resolve, reject) => (this.#onReady = { resolve, reject }));
    this.ready.catch(() => {}); // whoever awaits it sees the rejection
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    modem.demuxStream(stream, stdout, stderr);
    onLines(stdout, (line) => this.#heard(line));
    stderr.setEncoding("utf8").on("data", (chunk: string) => {
      this.#stderr = (this.#stderr + chunk).split("\n").slice(-STDERR_LINES).join("\n");
    });
    stream.on("error", () => this.#lose());
    stream.on("close", () => this.#lose());
    stream.on("end", () => this.#lose());
  }

  /** Asks the agent to do something. Rejects with an infrastructure error when it says no, dies, or stays silent. */
  call<Op extends Operation>(
    op: Op,
    parameters: Operations[Op]["parameters"],
    withinMs = ANSWER_WITHIN_MS,
  ): Promise<Operations[Op]["result"]> {
    if (this.#lost) return Promise.reject(this.#lost);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(this.#fault("agent-silent", `agent ${this.node} did not answer ${op} within ${withinMs} ms`));
      }, withinMs);
      this.#pending.set(id, { op, resolve, reject, timer });
      this.#stream.write(`${JSON.stringify({ id, op, parameters })}\n`);
    });
  }

  /** Runs a command in the agent's container; anything but exit code 0 is an infrastructure error. */
  async run(argv: readonly string[], stdin?: string): Promise<string> {
    const { code, stdout, stderr } = await this.call("exec", { argv, ...(stdin === undefined ? {} : { stdin }) });
    if (code === 0) return stdout;
    const detail = [stderr.trim(), stdin === undefined ? "" : `input was:\n${stdin}`].filter(Boolean).join("\n");
    throw new NatbedError(`${argv.join(" ")} failed in ${this.node} with code ${code}`, {
      kind: "infrastructure",
      code: "command-failed",
      detail,
    });
  }

  /** What the agent logged since the last call. */
  takeLogs(): readonly AgentLog[] {
    return this.#logs.splice(0);
  }

  /** Ends the agent by ending its stdin; the container goes with it. */
  close(): void {
    this.#stream.end();
    this.#stream.destroy();
  }

  #heard(line: string): void {
    let message: Reply | AgentEvent;
    try {
      message = JSON.parse(line) as Reply | AgentEvent;
    } catch {
      this.#stderr += `\nunreadable: ${line.slice(0, 200)}`;
      return;
    }
    if ("event" in message) {
      if (message.event === "ready") this.#onReady?.resolve(message.pid);
      else this.#logs.push({ ...message, node: this.node });
      return;
    }
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if (message.ok) pending.resolve(message.result as never);
    else pending.reject(this.#fault("agent-error", `agent ${this.node} failed in ${pending.op}: ${message.error}`));
  }

  #lose(): void {
    if (this.#lost) return;
    this.#lost = this.#fault("agent-lost", `agent ${this.node} ended unexpectedly`);
    this.#onReady?.reject(this.#lost);
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(this.#lost);
    }
    this.#pending.clear();
  }

  #fault(code: string, message: string): NatbedError {
    const stderr = this.#stderr.trim();
    return new NatbedError(message, { kind: "infrastructure", code, ...(stderr ? { detail: stderr } : {}) });
  }
}

function onLines(stream: PassThrough, onLine: (line: string) => void): void {
  let rest: string[] = [];
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    const parts = chunk.split("\n");
    if (parts.length === 1) return void rest.push(chunk);
    onLine(rest.join("") + (parts[0] ?? ""));
    for (const line of parts.slice(1, -1)) onLine(line);
    rest = [parts.at(-1) ?? ""];
  });
}
