import { createHash } from "node:crypto";
import type { HostRole } from "./rendezvous.ts";

export const HELLO_BYTES = 32;

/**
 * The first bytes each side sends on a fresh connection. ESTABLISHED proves nothing (a forged SYN+ACK establishes one
 * side alone): only the peer's hello, which needs the session's key, does.
 */
export function helloOf(role: HostRole, session: string, key: string): Buffer {
  const digest = createHash("sha256").update(`${session}\n${key}\n${role}`).digest();
  return Buffer.concat([Buffer.from("natbed1"), Buffer.from(role), digest]).subarray(0, HELLO_BYTES);
}
