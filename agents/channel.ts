import { spawn } from "node:child_process";
import type { AgentEvent, Operation, Operations, Reply, Request } from "../wire/control.ts";

type Handler<Op extends Operation> = (
  parameters: Operations[Op]["parameters"],
) => Operations[Op]["result"] | Promise<Operations[Op]["result"]>;

export type Handlers = { readonly [Op in Operation]?: Handler<Op> };

/** Log lines wait for the next reply, or so long: every write wakes the engine and the orchestrator. */
const LOG_DELAY_MS = 50;
let waiting = "";
let flushTimer: NodeJS.Timeout | undefined;
process.on("exit", flush);

/** Writes one line to the orchestrator, behind the log lines that came before it. */
function say(line: Reply | AgentEvent): void {
  waiting += `${JSON.stringify(line)}\n`;
  flush();
}

function flush(): void {
  clearTimeout(flushTimer);
  flushTimer = undefined;
  const text = waiting;
  waiting = "";
  if (text) process.stdout.write(text);
}

/** Microseconds since the epoch, the same clock as packet timestamps. */
export function nowUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

export type Listener = (what: string, detail: unknown) => void;
let listener: Listener | undefined;

/** Gives the log to `listen` from now on: a program of its own has no orchestrator that would read it. */
export function divertLog(listen: Listener): void {
  listener = listen;
}

/** Tells the orchestrator what this agent does or sees; kept as evidence in agents.jsonl. */
export function log(what: string, detail?: unknown): void {
  if (listener) return listener(what, detail);
  const event: AgentEvent = { event: "log", atUs: nowUs(), what, ...(detail === undefined ? {} : { detail }) };
  waiting += `${JSON.stringify(event)}\n`;
  flushTimer ??= setTimeout(flush, LOG_DELAY_MS);
}

/**
 * Serves operations over stdin and stdout until stdin ends, then exits at once: when the orchestrator dies, however it
 * dies, the engine closes stdin, and with the process the container goes.
 */
export function serve(handlers: Handlers): void {
  let rest = "";
  process.stdin.setEncoding("utf8");
  process.stdin.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) void answer(JSON.parse(line) as Request, { exec, keep, ...handlers });
  });
  process.stdin.on("end", () => kept || process.exit(0));
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(0));
  say({ event: "ready", pid: process.pid });
}

/** Set for a world that is to outlive the orchestrator (`--keep-on-failure`). */
let kept = false;

function keep(): Record<never, never> {
  kept = true;
  return {};
}

async function answer({ id, op, parameters }: Request, handlers: Handlers): Promise<void> {
  try {
    const handler = handlers[op] as ((parameters: unknown) => unknown) | undefined;
    if (!handler) throw new Error(`this agent has no operation ${op}`);
    say({ id, ok: true, result: await handler(parameters) });
  } catch (error) {
    say({ id, ok: false, error: error instanceof Error ? error.message : String(error) });
  }
}

/** Runs one command in this container. */
function exec({ argv, stdin }: Operations["exec"]["parameters"]): Promise<Operations["exec"]["result"]> {
  const [command = "", ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "pipe" });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
    child.stdin.on("error", () => {}); // a command that does not read its input is no fault
    child.stdin.end(stdin ?? "");
  });
}
