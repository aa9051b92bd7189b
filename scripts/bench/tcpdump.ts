import { spawn } from "node:child_process";
import { once } from "node:events";

const LIVE = "listening on";

/**
 * Captures all interfaces of the process's network namespace into nothing, from the moment it says that it is live. The returned function
 * ends it and waits for its last word; that it read everything by then it does not prove, as a resident agent does with its sentinel.
 */
export async function startTcpdump(pid: number): Promise<() => Promise<void>> {
  const capture = ["tcpdump", "-i", "any", "-n", "-U", "--immediate-mode", "-w", "/dev/null"];
  const child = spawn("nsenter", ["--target", String(pid), "--net", ...capture], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "close");
  let said = "";
  child.stderr.setEncoding("utf8");
  await new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (text: string) => {
      said += text;
      if (said.includes(LIVE)) resolve();
    });
    ended.then(() => reject(new Error(`tcpdump: ${said.trim()}`)), reject);
  });
  return async () => {
    child.kill("SIGINT"); // nsenter without a PID namespace has become tcpdump
    await ended;
    if (!/\d+ packets? captured/.test(said)) throw new Error(`tcpdump: ${said.trim()}`);
  };
}
