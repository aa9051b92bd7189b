import type { AttemptParameters } from "./control.ts";
import { seededBytes } from "./seeded.ts";

/** First local port of attempts, in windows of 64 below the kernel's ephemeral ports. */
const FIRST_WINDOW = 50_000;
const WINDOWS = 150;

/** What is random about one attempt. */
export type AttemptDraw = Pick<AttemptParameters, "session" | "key" | "localPort" | "seed">;

/** Draws session, key and ports of a trial from its seed: the same seed gives the same attempt, wherever it is played (I-7). */
export function drawAttempt(seed: string): AttemptDraw {
  const draw = seededBytes(seed, 24);
  return {
    session: draw.toString("hex", 0, 8),
    key: draw.toString("hex", 8, 20),
    localPort: FIRST_WINDOW + 64 * (draw.readUInt16LE(20) % WINDOWS),
    seed: draw.readUInt32LE(20),
  };
}

/** Seed of the bytes that `role` sends in one exchange of a trial. */
export function payloadSeed(seed: string, purpose: "exchange" | "after-cut", role: "a" | "b"): string {
  return `${seed}/${purpose}/${role}`;
}
