import { NatbedError } from "../../errors.ts";
import { findEngine, unreachableEngine } from "../connect.ts";
import type { Engine } from "../endpoint.ts";
import { requireImage } from "../image/store.ts";
import { probeContainer } from "./container.ts";
import { judgeDisk, judgeEngine, judgePrivileged, type EngineInfo } from "./engine.ts";
import type { Finding } from "./finding.ts";

/**
 * Everything natbed needs from the engine and the kernel, each with what was found and its fix. Runs one throw-away container. Without an
 * engine it looks for one; none is a finding too, not an error.
 */
export async function diagnose(known: Engine | undefined): Promise<Finding[]> {
  const search = known ? { kind: "found" as const, engine: known } : await findEngine();
  if (search.kind === "none") return [asFinding("engine", unreachableEngine(search))];
  const { engine } = search;
  const info = (await engine.docker.info()) as EngineInfo;
  const outside = [...judgeEngine(engine, info), judgeDisk(info), judgePrivileged()];
  try {
    const image = await requireImage(engine);
    return [...outside, { check: "image", state: "ok", found: image }, ...(await probeContainer(engine, image))];
  } catch (error) {
    if (!(error instanceof NatbedError)) throw error;
    return [...outside, asFinding("image", error)];
  }
}

function asFinding(check: string, { message, detail, hint }: NatbedError): Finding {
  const found = detail ? `${message}: ${detail.replaceAll("\n", "; ")}` : message;
  return { check, state: "fail", found, ...(hint === undefined ? {} : { fix: hint }) };
}
