import type { AttemptParameters } from "./control.ts";
import { seededBytes } from "./seeded.ts";

/** Local ports of attempts: windows below the kernel's ephemeral ports, from the first one on. */
export const ATTEMPT_WINDOWS = { first: 50_000, ports: 64, count: 150 } as const;

/** A window of local ports that nobody has drawn: the one so many behind a drawn one, where each step of a plan has its own (auto). */
export function laterWindow(localPort: number, windows: number): number {
  const { first, ports, count } = ATTEMPT_WINDOWS;
  return first + ((localPort - first + ports * windows) % (ports * count));
}

/** What is random about one host's part of an attempt. */
export type AttemptDraw = Pick<AttemptParameters, "session" | "key" | "localPort" | "seed">;

/**
 * Draws session, key and ports of a trial from its seed: the same seed gives the same attempt, wherever it is played (I-7). The hosts' ports
 * are apart: two machines seldom choose the same, and where they do, a NAT that both stand behind cannot keep the port of one.
 */
export function drawAttempt(seed: string, role: "a" | "b"): AttemptDraw {
  const draw = seededBytes(seed, 24);
  const { first, ports, count } = ATTEMPT_WINDOWS;
  const window = draw.readUInt16LE(20) + (role === "a" ? 0 : count / 2);
  return {
    session: draw.toString("hex", 0, 8),
    key: draw.toString("hex", 8, 20),
    localPort: first + ports * (window % count),
    seed: draw.readUInt32LE(20),
  };
}

/** Seed of the bytes that `role` sends in one exchange of a trial. */
export function payloadSeed(seed: string, purpose: "exchange" | "after-cut", role: "a" | "b"): string {
  return `${seed}/${purpose}/${role}`;
}
