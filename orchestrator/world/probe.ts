import { PLAIN_CORE, type CoreModel } from "../../wire/control.ts";
import type { Fingerprint, ProbeMode } from "../../wire/fingerprint.ts";
import { ADDRESS } from "../plan/addresses.ts";
import type { Side } from "../plan/shape.ts";
import type { World } from "./world.ts";

/** The core in which NATs are measured: it adds nothing, and forwards source routes, so that a NAT's own answer to them shows. */
export const MEASURING_CORE: CoreModel = { ...PLAIN_CORE, sourceRoute: "forward" };

/** First of the prober's local ports, away from every attempt's. */
const LOCAL_PORT = 10_000;
/** What the battery takes, and as long again on a machine that is short of time. */
const WITHIN_MS: Readonly<Record<ProbeMode, number>> = { quick: 30_000, fast: 120_000, full: 3 * 3_600_000 };

export interface ProbeOptions {
  readonly mode: ProbeMode;
  readonly seed: number;
  /** Silence is listened to for at least so long, in ms; the mode's own time where absent. */
  readonly silenceMs?: number;
}

/** Runs the prober on a side's host. Needs a world in which nothing else is going on at that side, and the measuring core. */
export function probe(world: World, side: Side, { mode, ...options }: ProbeOptions): Promise<Fingerprint> {
  return world.agent(side).call("probe", { x: ADDRESS.x, mode, localPort: LOCAL_PORT, ...options }, WITHIN_MS[mode]);
}
