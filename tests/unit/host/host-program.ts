import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { until } from "../../kit/until.ts";
import type { Station } from "../x/station.ts";

const HOST = join(import.meta.dirname, "../../../agents/natbed-host.ts");

/** natbed-host as it runs, and what it has said so far. */
export class HostProgram {
  readonly process: ChildProcess;
  readonly #exit: Promise<[number | null]>;
  stderr = "";

  /** `wrapper` is a command before the program's own. */
  constructor(station: Station, words: readonly string[], wrapper: readonly string[] = []) {
    const command = [`--net=${station.netPath}`, ...wrapper, process.execPath, HOST, "--x", "127.0.0.1", ...words];
    this.process = spawn("nsenter", command, { stdio: "pipe" });
    this.process.stderr?.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#exit = once(this.process, "exit") as Promise<[number | null]>;
  }

  async says(words: string): Promise<void> {
    const seen = (): string => this.stderr;
    await until(`it says ${words}`, () => this.stderr.includes(words) || undefined, { withinMs: 30_000, seen });
  }

  /** Its exit code and the last line that it said, without its name. */
  async ended(): Promise<{ readonly code: number | null; readonly last: string | undefined }> {
    const [code] = await this.#exit;
    return { code, last: this.stderr.trim().split("\n").at(-1)?.replace("natbed-host: ", "") };
  }
}
