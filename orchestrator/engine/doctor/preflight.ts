import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { NatbedError } from "../../errors.ts";
import type { Engine } from "../endpoint.ts";
import { ROOT, runtimeHash } from "../image/recipe.ts";
import { requireImage } from "../image/store.ts";
import { diagnose } from "./diagnose.ts";
import { judgeEngine, type EngineInfo } from "./engine.ts";
import type { Finding } from "./finding.ts";

const MEMORY = join(ROOT, ".natbed/preflight");

/**
 * Asks once per engine, kernel and runtime layer of the image whether cells can run at all; later calls only compare names (about 10 ms). Only a good result is
 * remembered. Throws NatbedError `engine-unfit`, or `image-missing`.
 */
export async function preflight(engine: Engine): Promise<void> {
  const [info] = await Promise.all([engine.docker.info() as Promise<EngineInfo>, requireImage(engine)]);
  refuseUnfit(judgeEngine(engine, info));
  const key = [info.ID, engine.endpoint, info.DockerRootDir, engine.version, info.KernelVersion, runtimeHash()].join(
    " ",
  );
  if (remembered() === key) return;
  refuseUnfit(await diagnose(engine));
  mkdirSync(dirname(MEMORY), { recursive: true });
  writeFileSync(MEMORY, key);
}

function refuseUnfit(findings: readonly Finding[]): void {
  const failures = findings.filter(({ state }) => state === "fail");
  if (failures.length === 0) return;
  throw new NatbedError("this engine cannot run natbed's worlds", {
    kind: "infrastructure",
    code: "engine-unfit",
    detail: failures.map(({ check, found, fix }) => `${check}: ${found}${fix ? `\n  → ${fix}` : ""}`).join("\n"),
    hint: "`natbed doctor` shows everything that was looked at",
  });
}

function remembered(): string | undefined {
  try {
    return readFileSync(MEMORY, "utf8");
  } catch {
    return undefined;
  }
}
