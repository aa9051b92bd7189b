import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";

const MODULE = new URL("../../../orchestrator/cli/interrupt.ts", import.meta.url).href;

/** Stays alive until it is killed, and says what it hears. */
const PROGRAM = `
  const { watchInterrupts } = await import(${JSON.stringify(MODULE)});
  const { signal } = watchInterrupts(console.log);
  signal.addEventListener("abort", () => console.log("aborted"));
  setInterval(() => {}, 1000);
  console.log("ready");`;

it.each(["SIGINT", "SIGTERM"] as const)(
  "the first %s asks the run to stop, the second exits at once with 130",
  async (name) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    const lines: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      lines.push(line);
      if (line === "ready" || line === "aborted") child.kill(name);
    }
    expect(lines).toEqual(["ready", `natbed: ${name}, cleaning up; once more exits at once`, "aborted"]);
    expect(await exited).toEqual([130, null]);
  },
);
