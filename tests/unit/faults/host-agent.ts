import { readdirSync } from "node:fs";
import { join } from "node:path";
import { AgentProgram } from "../../kit/agent-program.ts";
import { until } from "../../kit/until.ts";
import type { Namespace } from "../nat/namespace.ts";

const HOST = join(import.meta.dirname, "../../../agents/host.ts");

/** A host's agent as in a world, here in a network namespace. */
export class HostAgent implements AsyncDisposable {
  readonly #program: AgentProgram;
  readonly call: AgentProgram["call"];

  private constructor(program: AgentProgram) {
    this.#program = program;
    this.call = program.call.bind(program);
  }

  /** `wrapper` is a command before the agent's own. */
  static async start(namespace: Namespace, wrapper: readonly string[] = []): Promise<HostAgent> {
    return new HostAgent(await AgentProgram.start(namespace.netPath, HOST, wrapper));
  }

  get logs(): AgentProgram["logs"] {
    return this.#program.logs;
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
    return this.#program.process.pid;
  }

  /** Its open files. */
  get openFiles(): number {
    return this.#program.runs ? readdirSync(`/proc/${this.pid}/fd`).length : 0;
  }

  /** SIGKILL: it has no time to clean up. */
  kill(): Promise<void> {
    return this.#program.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program[Symbol.asyncDispose]();
  }
}
