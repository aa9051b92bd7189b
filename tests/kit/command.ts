import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { RunReport } from "../../orchestrator/report/events.ts";

const NATBED = new URL("../../bin/natbed", import.meta.url).pathname;

export interface Ended {
  /** Undefined where a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

/** A `natbed` that runs; its pid is the orchestrator's own. */
export interface Running {
  readonly pid: number;
  /** From the first line of output. */
  readonly runId: Promise<string>;
  readonly ended: Promise<Ended>;
}

/** Starts the real command. Exit codes are values. */
export function startNatbed(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = execa(NATBED, args, { reject: false, env, stdin: "ignore" });
  const started = performance.now();
  const runId = new Promise<string>((resolve) => {
    let text = "";
    const look = (chunk: Buffer): void => {
      text += chunk.toString();
      const id = /^run (\S+):/m.exec(text)?.[1];
      if (id) resolve(id);
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
  });
  const ended = child.then(({ exitCode, stdout, stderr }) => {
    return { code: exitCode, stdout, stderr, tookMs: performance.now() - started };
  });
  return { pid: child.pid!, runId, ended };
}

/** Runs the real command to its end. */
export function natbed(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> {
  return startNatbed(args, env).ended;
}

/** The report that `--json` printed. */
export function reportOf({ code, stdout, stderr }: Ended): RunReport {
  if (!stdout.startsWith("{")) throw new Error(`no report, exit code ${code}:\n${stdout}\n${stderr}`);
  return JSON.parse(stdout) as RunReport;
}

/** A folder for scenarios and run directories. */
export interface Folder extends Disposable {
  readonly path: string;
  /** Writes a file and returns its path. */
  write(name: string, text: string): string;
}

export function openFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "natbed-test-"));
  return {
    path,
    write: (name, text) => {
      writeFileSync(join(path, name), text);
      return join(path, name);
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
