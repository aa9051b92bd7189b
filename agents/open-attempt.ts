import type { AttemptParameters } from "../wire/attempt.ts";
import { AutoAttempt } from "./auto-attempt.ts";
import { heldCapabilities } from "./capabilities.ts";
import type { Recorder } from "./capture.ts";
import { HostAttempt } from "./host-driver.ts";

/** A host's part of one attempt, yet to be run. */
export function openAttempt(parameters: AttemptParameters, recorder: Recorder): HostAttempt | AutoAttempt {
  const { technique } = parameters;
  return technique.name === "auto"
    ? new AutoAttempt({ ...parameters, technique, capabilities: heldCapabilities() }, recorder)
    : new HostAttempt({ ...parameters, technique }, recorder);
}
