import { join } from "node:path";

/** Where the private engine lives. Two engines with different folders never meet. */
export interface EngineFolders {
  /** Images and containers; kept by a stop, because it is the image cache. */
  readonly dataRoot: string;
  /** Everything that ends with the engine. */
  readonly runDir: string;
  readonly socket: string;
  readonly pidFile: string;
  readonly execRoot: string;
  /** dockerd's settings file: empty. */
  readonly config: string;
  readonly lock: string;
  readonly log: string;
}

/**
 * The private engine's folders: `NATBED_ENGINE_DIR` (data, default /var/lib/natbed/engine) and `NATBED_ENGINE_RUN_DIR` (default
 * /run/natbed; keep it short, a Unix socket's path ends at 107 bytes).
 */
export function engineFolders(env: NodeJS.ProcessEnv = process.env): EngineFolders {
  const dataRoot = env["NATBED_ENGINE_DIR"] ?? "/var/lib/natbed/engine";
  const runDir = env["NATBED_ENGINE_RUN_DIR"] ?? "/run/natbed";
  return {
    dataRoot,
    runDir,
    socket: join(runDir, "docker.sock"),
    pidFile: join(runDir, "docker.pid"),
    execRoot: join(runDir, "exec"),
    config: join(runDir, "daemon.json"),
    lock: `${dataRoot}.lock`,
    log: `${dataRoot}.log`,
  };
}
