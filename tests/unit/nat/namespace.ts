import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Why rules cannot be tried on this machine's kernel; undefined where they can. */
export function missingForKernelTests(): string | undefined {
  if (process.getuid?.() !== 0) return "not root";
  for (const tool of ["unshare", "nsenter", "ip", "iptables-nft-restore"]) {
    if (spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0) return `${tool} is not installed`;
  }
  const probe = spawnSync("unshare", ["-n", "iptables-nft-restore"], { input: "*nat\nCOMMIT\n", encoding: "utf8" });
  return probe.status === 0 ? undefined : `no nat table in a new network namespace: ${probe.stderr.trim()}`;
}

/** A network namespace that lives as long as its `cat`, which ends with this process's pipe. */
export class Namespace implements AsyncDisposable {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async open(): Promise<Namespace> {
    const holder = spawn("unshare", ["-n", "cat"], { stdio: ["pipe", "ignore", "inherit"] });
    await once(holder, "spawn");
    const own = readlinkSync("/proc/self/ns/net");
    for (let tries = 0; readlinkSync(`/proc/${holder.pid}/ns/net`) === own; tries++) {
      if (tries > 1000) throw new Error("unshare -n made no network namespace within 2 s");
      await sleep(2);
    }
    return new Namespace(holder);
  }

  get pid(): string {
    return String(this.#holder.pid);
  }

  /** For `nsenter --net=`. */
  get netPath(): string {
    return `/proc/${this.pid}/ns/net`;
  }

  /** Runs a shell script inside and returns its output; throws with its stderr. */
  sh(script: string, input = ""): string {
    return execFileSync("nsenter", [`--net=${this.netPath}`, "sh", "-ec", script], {
      input,
      encoding: "utf8",
    });
  }

  /** Starts a Node program inside. */
  node(program: string): ChildProcess {
    const command = [`--net=${this.netPath}`, process.execPath, "-e", program];
    return spawn("nsenter", command, { stdio: ["pipe", "pipe", "inherit"] });
  }

  /** Starts a program of ours inside. */
  script(path: string, args: readonly string[] = [], settings: Readonly<Record<string, string>> = {}): ChildProcess {
    const command = [`--net=${this.netPath}`, process.execPath, path, ...args];
    return spawn("nsenter", command, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...settings } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#holder, "exit");
    this.#holder.stdin?.end();
    await gone;
  }
}
