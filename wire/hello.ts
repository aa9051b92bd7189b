import { createHash, createHmac } from "node:crypto";
import type { HostRole } from "./rendezvous.ts";

export const HELLO_BYTES = 32;
export const NONCE_BYTES = 16;
export const PROOF_BYTES = 32;

/**
 * The first bytes each side sends on a fresh connection. ESTABLISHED proves nothing (a forged SYN+ACK establishes one
 * side alone): only the peer's hello, which needs the session's key, does.
 */
export function helloOf(role: HostRole, session: string, key: string): Buffer {
  const digest = createHash("sha256").update(`${session}\n${key}\n${role}`).digest();
  return Buffer.concat([Buffer.from("natbed1"), Buffer.from(role), digest]).subarray(0, HELLO_BYTES);
}

/** What a side proves: that it is there now, or that this connection is the one. */
export type Claim = "present" | "chosen";

/** Both sides' nonces on one connection. */
export type Nonces = Readonly<Record<HostRole, Uint8Array>>;

/**
 * A claim that only who has the session's key can make, on this connection only: a stranger at the peer's private address has been told a hello
 * too, and could pass it on.
 */
export function proofOf(claim: Claim, role: HostRole, nonces: Nonces, { session, key }: Secret): Buffer {
  return createHmac("sha256", key).update(`${claim}\n${role}\n${session}\n`).update(nonces.a).update(nonces.b).digest();
}

interface Secret {
  readonly session: string;
  readonly key: string;
}
