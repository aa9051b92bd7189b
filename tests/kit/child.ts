import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

export function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** Does what ends the process, unless it has ended already, and waits until it has. */
export async function endBy(child: ChildProcess, act: () => void): Promise<void> {
  if (!isRunning(child)) return;
  const gone = once(child, "exit");
  act();
  await gone;
}
