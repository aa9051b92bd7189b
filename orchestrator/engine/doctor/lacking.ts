import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Capability } from "../../nat/needs.ts";
import type { Engine } from "../endpoint.ts";
import { ROOT, runtimeHash } from "../image/recipe.ts";
import { requireImage } from "../image/store.ts";
import { CAPABILITY_PROBES } from "./capabilities.ts";
import { probeCapabilities } from "./container.ts";
import type { Finding } from "./finding.ts";

const MEMORY = join(ROOT, ".natbed/capabilities");

/**
 * What this engine and its kernel cannot do, each with what was found. Asks in one throw-away container (about half a second); that
 * nothing is missing is remembered per engine, kernel and image, so that a module loaded later is found.
 */
export async function lackingCapabilities(engine: Engine): Promise<ReadonlyMap<Capability, Finding>> {
  const probes = JSON.stringify(CAPABILITY_PROBES);
  const key = [engine.endpoint, engine.version, engine.kernel, runtimeHash(), probes].join(" ");
  if (remembered() === key) return new Map();
  const findings = await probeCapabilities(engine, await requireImage(engine));
  const lacking = new Map(
    findings.filter(({ state }) => state !== "ok").map((finding) => [finding.check as Capability, finding]),
  );
  if (lacking.size === 0) remember(key);
  return lacking;
}

function remember(key: string): void {
  mkdirSync(dirname(MEMORY), { recursive: true });
  writeFileSync(MEMORY, key);
}

function remembered(): string | undefined {
  try {
    return readFileSync(MEMORY, "utf8");
  } catch {
    return undefined;
  }
}
