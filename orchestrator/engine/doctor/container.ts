import { setTimeout as sleep } from "node:timers/promises";
import type Dockerode from "dockerode";
import { NatbedError } from "../../errors.ts";
import type { Engine } from "../endpoint.ts";
import { ownLabels } from "../labels.ts";
import { WRITABLE_NETWORK_SETTINGS } from "../settings.ts";
import { CAPABILITY_PROBES } from "./capabilities.ts";
import { PROBES, readProbes, renderProbes, type Probe } from "./probes.ts";
import type { Finding } from "./finding.ts";
import { NEEDED_SYSCTLS } from "./sysctls.ts";

const WITHIN_MS = 15_000;
const CAPABILITIES = ["NET_ADMIN", "NET_RAW"];

type Ran = { readonly kind: "ran"; readonly output: string } | { readonly kind: "refused"; readonly why: string };

/**
 * Runs the probes in a throw-away container like those of a world. If the engine refuses the sysctls, once more without them, so that the
 * other findings are there too.
 */
export async function probeContainer(engine: Engine, image: string): Promise<Finding[]> {
  const probes = [...PROBES, ...Object.values(CAPABILITY_PROBES)];
  const place = { engine, image, probes };
  const first = await runProbes(place, NEEDED_SYSCTLS);
  if (first.kind === "ran") return [CAN_START, sysctlFinding(), ...readProbes(probes, first.output)];
  const second = await runProbes(place, {});
  if (second.kind === "ran") return [CAN_START, sysctlFinding(first.why), ...readProbes(probes, second.output)];
  return [cannotStart(second.why)];
}

/** Findings of the capabilities' probes alone. Throws NatbedError `engine-unfit` where the container does not start. */
export async function probeCapabilities(engine: Engine, image: string): Promise<Finding[]> {
  const probes = Object.values(CAPABILITY_PROBES);
  const ran = await runProbes({ engine, image, probes }, NEEDED_SYSCTLS);
  if (ran.kind === "ran") return readProbes(probes, ran.output);
  throw new NatbedError(`the probes' container does not start: ${ran.why}`, {
    kind: "infrastructure",
    code: "engine-unfit",
    hint: "`natbed doctor` shows everything that was looked at",
  });
}

const CAN_START: Finding = { check: "container capabilities", state: "ok", found: CAPABILITIES.join(", ") };

function sysctlFinding(refusal?: string): Finding {
  const check = "container sysctls";
  if (refusal === undefined) return { check, state: "ok", found: `${Object.keys(NEEDED_SYSCTLS).length} can be set` };
  return {
    check,
    state: "fail",
    found: refusal,
    fix: "use an engine that is neither rootless nor user-namespaced, with nf_conntrack loaded",
  };
}

function cannotStart(why: string): Finding {
  const fix = `run the engine as root with ${CAPABILITIES.map((name) => `CAP_${name}`).join(" and ")} in its bounding set (not in a restricted container)`;
  return { check: "container capabilities", state: "fail", found: why, fix };
}

interface ProbePlace {
  readonly engine: Engine;
  readonly image: string;
  readonly probes: readonly Probe[];
}

async function runProbes(
  { engine: { docker }, image, probes }: ProbePlace,
  sysctls: Readonly<Record<string, string>>,
): Promise<Ran> {
  let container: Dockerode.Container | undefined;
  try {
    container = await docker.createContainer({
      Image: image,
      Cmd: ["sh", "-c", renderProbes(probes)],
      Labels: ownLabels("doctor"),
      HostConfig: {
        NetworkMode: "none",
        CapDrop: ["ALL"],
        CapAdd: CAPABILITIES,
        Sysctls: { ...sysctls },
        ...WRITABLE_NETWORK_SETTINGS,
      },
    });
    await container.start();
    await Promise.race([container.wait(), sleep(WITHIN_MS, undefined, { ref: false })]);
    return { kind: "ran", output: await readOutput(container) };
  } catch (error) {
    return { kind: "refused", why: lastLine((error as Error).message) };
  } finally {
    await container?.remove({ force: true }).catch(() => {});
  }
}

/** Standard output; each frame of the log has a header of 8 bytes with its length at offset 4 (Docker API, "attach"). */
async function readOutput(container: Dockerode.Container): Promise<string> {
  const log = (await container.logs({ stdout: true, stderr: false, follow: false })) as Buffer;
  const frames: Buffer[] = [];
  for (let at = 0; at + 8 <= log.length; at += 8 + log.readUInt32BE(at + 4)) {
    frames.push(log.subarray(at + 8, at + 8 + log.readUInt32BE(at + 4)));
  }
  return Buffer.concat(frames).toString("utf8");
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)?.trim() ?? text;
}
