import { readFileSync, statfsSync } from "node:fs";
import type { Engine } from "../endpoint.ts";
import type { Finding } from "./finding.ts";

/** Docker 20.10, the oldest engine natbed was run on. */
const OLDEST_API = "1.41";
const ENOUGH_DISK_BYTES = 2e9;

/** The parts of `docker info` that the doctor reads; the client's typings leave it open. */
export interface EngineInfo {
  readonly ID: string;
  readonly KernelVersion: string;
  readonly OSType: string;
  readonly Architecture: string;
  readonly CgroupVersion?: string;
  readonly Driver: string;
  readonly DockerRootDir: string;
  readonly SecurityOptions?: readonly string[];
}

/** What can be told from version and info alone, without a container. */
export function judgeEngine({ version, apiVersion, kind, endpoint }: Engine, info: EngineInfo): Finding[] {
  const rootless = info.SecurityOptions?.some((option) => option.includes("rootless")) ?? false;
  return [
    { check: "engine", state: "ok", found: `Docker ${version} at ${endpoint} (${kind})` },
    isOlder(apiVersion, OLDEST_API)
      ? { check: "engine API", state: "fail", found: apiVersion, fix: `use Docker 20.10 (API ${OLDEST_API}) or newer` }
      : { check: "engine API", state: "ok", found: apiVersion },
    info.OSType === "linux" && info.Architecture === "x86_64"
      ? { check: "platform", state: "ok", found: `${info.OSType} ${info.Architecture}` }
      : {
          check: "platform",
          state: "fail",
          found: `${info.OSType} ${info.Architecture}`,
          fix: "use an engine on Linux, x86-64",
        },
    rootless
      ? {
          check: "rootless",
          state: "warn",
          found: "the engine is rootless: not tried with natbed",
          fix: "use an engine that runs as root",
        }
      : { check: "rootless", state: "ok", found: "no" },
    { check: "kernel", state: "ok", found: info.KernelVersion },
    { check: "cgroup", state: "ok", found: `v${info.CgroupVersion ?? "1"}` },
    { check: "storage driver", state: "ok", found: info.Driver },
  ];
}

/** Room for images, when the engine's files are on this machine. */
export function judgeDisk({ DockerRootDir }: EngineInfo): Finding {
  try {
    const { bavail, bsize } = statfsSync(DockerRootDir);
    const found = `${(bavail * bsize) / 1e9 >= 10 ? Math.round((bavail * bsize) / 1e9) : ((bavail * bsize) / 1e9).toFixed(1)} GB free at ${DockerRootDir}`;
    if (bavail * bsize >= ENOUGH_DISK_BYTES) return { check: "disk", state: "ok", found };
    return { check: "disk", state: "warn", found, fix: "free some space: docker image prune" };
  } catch {
    return { check: "disk", state: "ok", found: `${DockerRootDir} is on another machine` };
  }
}

/** Whether `docker run --privileged` can work: it asks for every capability. For information, natbed asks for two. */
export function judgePrivileged(): Finding {
  const bounding = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"}`);
  const hasSysResource = (bounding & (1n << 24n)) !== 0n; // CAP_SYS_RESOURCE, capabilities(7)
  const lack = "CAP_SYS_RESOURCE is missing here: --privileged containers fail (natbed needs none)";
  return { check: "privileged", state: "ok", found: hasSysResource ? "possible (natbed needs none)" : lack };
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = than.split(".").map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
