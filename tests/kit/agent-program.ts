import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { AgentEvent, Operation, Operations, Reply } from "../../wire/control.ts";
import { endBy, isRunning } from "./child.ts";
import { until } from "./until.ts";

type AgentLog = Extract<AgentEvent, { event: "log" }>;

/** An agent as it runs in a container of a world, here as a program in a network namespace, over the same channel. */
export class AgentProgram implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly logs: AgentLog[] = [];
  readonly #pending = new Map<number, (reply: Reply) => void>();
  #id = 0;
  #isReady = false;

  private constructor(netPath: string, command: readonly string[]) {
    this.process = spawn("nsenter", [`--net=${netPath}`, ...command], { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.process.stdout! }).on("line", (line) => this.#hear(line));
  }

  /** Starts the agent in `file`, behind `wrapper` where that is a command; resolves once it says that it is ready. */
  static async start(netPath: string, file: string, wrapper: readonly string[] = []): Promise<AgentProgram> {
    const agent = new AgentProgram(netPath, [...wrapper, process.execPath, file]);
    await until(`${file} is ready`, () => agent.#isReady || undefined, { withinMs: 30_000 });
    return agent;
  }

  async call<Op extends Operation>(
    op: Op,
    parameters: Operations[Op]["parameters"],
  ): Promise<Operations[Op]["result"]> {
    const id = ++this.#id;
    const answer = new Promise<Reply>((resolve) => this.#pending.set(id, resolve));
    this.process.stdin!.write(`${JSON.stringify({ id, op, parameters })}\n`);
    const reply = await answer;
    if (!reply.ok) throw new Error(reply.error);
    return reply.result as Operations[Op]["result"];
  }

  get runs(): boolean {
    return isRunning(this.process);
  }

  /** SIGKILL: it has no time to clean up. */
  kill(): Promise<void> {
    return endBy(this.process, () => this.process.kill("SIGKILL"));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return endBy(this.process, () => this.process.stdin?.end());
  }

  #hear(line: string): void {
    const message = JSON.parse(line) as Reply | AgentEvent;
    if (!("event" in message)) this.#pending.get(message.id)?.(message);
    else if (message.event === "log") this.logs.push(message);
    else this.#isReady = true;
  }
}
