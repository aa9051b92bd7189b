import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { liveProcess } from "./private/process.ts";

/** Every container of ours carries this label with the value `1`. */
export const LABEL = "natbed";
/** The run that made the container. */
export const RUN_LABEL = "natbed.run";
/** The process that owns the container: `<pid>.<start time in ticks>.<machine>`. */
export const OWNER_LABEL = "natbed.owner";
/** Containers of a world that `--keep-on-failure` left running are renamed to names that start so; only `down --all` removes them. */
export const KEPT_PREFIX = "natbed-kept-";

/** Labels for a container of run `runId`, owned by this process. */
export function ownLabels(runId: string): Record<string, string> {
  return { [LABEL]: "1", [RUN_LABEL]: runId, [OWNER_LABEL]: thisOwner() };
}

/** What an owner label says about its process. A process on another machine (shared engine) can be neither seen nor judged. */
export function ownerState(owner: string | undefined): "alive" | "dead" | "elsewhere" {
  const [pid, startTicks, machine] = (owner ?? "").split(".");
  if (!pid || !startTicks || !machine) return "dead";
  if (machine !== thisMachine()) return "elsewhere";
  return liveProcess(Number(pid))?.startTicks === startTicks ? "alive" : "dead";
}

function thisOwner(): string {
  return `${process.pid}.${liveProcess(process.pid)?.startTicks ?? "0"}.${thisMachine()}`;
}

/** Boot and PID namespace: within one, a pid with its start time names a process for good. */
function thisMachine(): string {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return createHash("sha256").update(boot).update(readlinkSync("/proc/self/ns/pid")).digest("hex").slice(0, 8);
}
