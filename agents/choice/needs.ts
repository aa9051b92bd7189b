import type { Traversal } from "../../wire/technique.ts";
import type { HostRole } from "../../wire/rendezvous.ts";
import type { HostCapability } from "../../wire/traits.ts";

/** What a technique needs of its three parties besides sockets. */
export interface Needs {
  readonly a: readonly HostCapability[];
  readonly b: readonly HostCapability[];
  /** X sends what claims to come from the hosts. */
  readonly forging: boolean;
}

const NOTHING: Needs = { a: [], b: [], forging: false };

/** Raw: to see the own SYN leave, to copy it, to flood. Admin: to keep the kernel from refusing the answers to a flood. */
export function needsOf(technique: Traversal): Needs {
  switch (technique.name) {
    case "connect":
    case "public":
    case "relay":
    case "sequential-open":
    case "p2pnat":
    case "birthday-open":
      return NOTHING;
    case "simultaneous-open":
      return technique.syn === "normal" ? NOTHING : { ...NOTHING, a: ["raw"], b: ["raw"] };
    case "stunt-2":
      return { ...NOTHING, a: ["raw"] };
    case "stunt-1":
      return { a: ["raw"], b: ["raw"], forging: true };
    case "natblaster-2":
      return { a: ["raw"], b: ["raw"], forging: technique.synAck === "x" };
    case "natblaster-1":
    case "natblaster-3":
      return technique.assist === "none" ? { ...NOTHING, forging: true } : { a: ["raw"], b: ["raw"], forging: true };
    case "natblaster-4":
      return { a: mutes(technique) ? ["raw", "admin"] : ["raw"], b: ["raw"], forging: true };
    case "tcp-repair":
      return { a: ["raw", "admin"], b: ["raw", "admin"], forging: false };
    case "natblaster-6":
      return { a: ["raw", "admin"], b: ["raw", "admin"], forging: technique.search === "anchor" };
    case "natblaster-5":
      return { ...NOTHING, forging: true };
  }
}

/** Packets come to A's host that its kernel would refuse, and the refusal would take the mapping down. */
function mutes(technique: Extract<Traversal, { name: "natblaster-4" }>): boolean {
  return technique.search === "birthday" || technique.sequenceShift === "learned";
}

/** What a host lacks to play a role; empty: nothing. */
export function lacksFor(
  technique: Traversal,
  role: HostRole,
  capabilities: readonly HostCapability[],
): readonly HostCapability[] {
  return needsOf(technique)[role].filter((need) => !capabilities.includes(need));
}
