import { existsSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { execa } from "execa";
import type { EngineFolders } from "./folders.ts";
import { endProcesses, liveProcess, liveProcesses, type LiveProcess } from "./process.ts";

const ENGINE_PROGRAMS = /^(dockerd|containerd|containerd-shim(-runc-v[12])?|docker-proxy)$/;

/** The running dockerd of these folders, found by its own arguments: a pid file may name anything. */
export function runningDaemon(folders: EngineFolders): LiveProcess | undefined {
  const named = existsSync(folders.pidFile) ? liveProcess(Number(readFileSync(folders.pidFile, "utf8"))) : undefined;
  if (named && isDaemonOf(named, folders)) return named;
  return liveProcesses().find((process) => isDaemonOf(process, folders));
}

/**
 * Clears what a dead dockerd left: its containerd, shims and containers, its mounts, sockets and pid file. Call only when
 * `runningDaemon` finds none. Processes are ended only when their own arguments name our folders, or as children of such.
 */
export async function clearRemains(folders: EngineFolders): Promise<void> {
  const programs = liveProcesses().filter((process) => isEngineProgramOf(process, folders));
  const shims = new Set(programs.filter(({ argv }) => /shim/.test(argv[0] ?? "")).map(({ pid }) => pid));
  const containers = liveProcesses().filter(({ parent }) => shims.has(parent));
  if (containers.length > 0) await endProcesses(containers, 500);
  if (programs.length > 0) await endProcesses(programs, 2000);
  await unmountBelow(folders);
  for (const path of [folders.socket, folders.pidFile, folders.config, folders.execRoot])
    rmSync(path, { recursive: true, force: true });
}

/** Unmounts everything at or below the engine's folders, innermost first. */
export async function unmountBelow({ runDir, dataRoot }: EngineFolders): Promise<void> {
  const points = mountPoints().filter((point) =>
    [runDir, dataRoot].some((top) => point === top || point.startsWith(`${top}/`)),
  );
  // Lazily: a mount that is still held by a dying process must not stop a new start.
  for (const point of points.reverse()) await execa("umount", ["-l", point], { reject: false });
}

/** Mount points in mount order (proc(5), mountinfo field 5, with its octal escapes). */
function mountPoints(): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .trimEnd()
    .split("\n")
    .map((line) =>
      (line.split(" ")[4] ?? "").replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8))),
    );
}

function isDaemonOf({ argv }: LiveProcess, folders: EngineFolders): boolean {
  return basename(argv[0] ?? "") === "dockerd" && argv.includes(folders.execRoot) && argv.includes(folders.dataRoot);
}

function isEngineProgramOf({ argv }: LiveProcess, folders: EngineFolders): boolean {
  const below = join(folders.execRoot, "/");
  return (
    ENGINE_PROGRAMS.test(basename(argv[0] ?? "")) &&
    argv.some((word) => word === folders.execRoot || word.startsWith(below))
  );
}
