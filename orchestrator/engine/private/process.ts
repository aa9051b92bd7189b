import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export interface LiveProcess {
  readonly pid: number;
  readonly parent: number;
  /** Clock ticks since boot when it started; with the pid it names the process for good (proc(5), stat field 22). */
  readonly startTicks: string;
  readonly argv: readonly string[];
}

/** The process with this pid, or nothing when there is none. A zombie counts as none: it only waits for its parent. */
export function liveProcess(pid: number): LiveProcess | undefined {
  if (!Number.isInteger(pid) || pid < 1) return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command name may hold blanks and parentheses: fields are counted from the last ")".
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, parent] = fields;
    if (state === "Z" || state === "X") return undefined;
    const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
    return { pid, parent: Number(parent), startTicks: fields[19] ?? "0", argv };
  } catch {
    return undefined;
  }
}

/** Every live process of this PID namespace. */
export function liveProcesses(): LiveProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => liveProcess(Number(name)))
    .filter((found) => found !== undefined);
}

/** Ends these very processes: SIGTERM, and SIGKILL for what is left after `graceMs`. Returns when they are gone. */
export async function endProcesses(targets: readonly LiveProcess[], graceMs: number): Promise<void> {
  signal(targets, "SIGTERM");
  if (await untilGone(targets, graceMs)) return;
  signal(targets, "SIGKILL");
  await untilGone(targets, 2000);
}

function signal(targets: readonly LiveProcess[], name: NodeJS.Signals): void {
  for (const target of targets.filter(isAlive)) {
    try {
      process.kill(target.pid, name);
    } catch {
      // It ended by itself between the look and the signal.
    }
  }
}

async function untilGone(targets: readonly LiveProcess[], withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (targets.some(isAlive)) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** The same process, not a later one that got its number. */
function isAlive(target: LiveProcess): boolean {
  return liveProcess(target.pid)?.startTicks === target.startTicks;
}
