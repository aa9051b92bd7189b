import { PLAIN_SPRAY, type Traversal } from "../../wire/technique.ts";

type Named<Name extends Traversal["name"]> = Extract<Traversal, { name: Name }>;

const PUNCH = { predictionOffset: 0, gapMs: 0, skewMs: 0 } as const;

/** Each technique as it is when nobody says more than its name. */
export const PLAIN = {
  connect: { name: "connect" },
  public: { name: "public" },
  relay: { name: "relay" },
  "simultaneous-open": { name: "simultaneous-open", syn: "normal", retryMs: 1000, ...PUNCH },
  p2pnat: { name: "p2pnat", retryMs: 1000, ...PUNCH },
  "birthday-open": { name: "birthday-open", syn: "normal", sockets: 439, targets: 439, ...PUNCH },
  "sequential-open": { name: "sequential-open", doomedMs: 100, ...PUNCH },
  "stunt-1": { name: "stunt-1", syn: "low-ttl", ...PUNCH },
  "stunt-2": { name: "stunt-2", syn: "low-ttl", socket: "kept", ...PUNCH },
  "natblaster-1": { name: "natblaster-1", assist: "none", ...PUNCH },
  "natblaster-2": { name: "natblaster-2", syn: "low-ttl", synAck: "x", ...PUNCH },
  "natblaster-3": { name: "natblaster-3", assist: "none", ...PUNCH },
  "natblaster-4": { name: "natblaster-4", search: "birthday", syns: 439, ...PUNCH },
  "natblaster-5": { name: "natblaster-5", aims: 2, ...PUNCH },
  "natblaster-6": { name: "natblaster-6", search: "anchor", syn: "normal", ...PLAIN_SPRAY },
  "tcp-repair": { name: "tcp-repair", ...PUNCH },
} as const satisfies { readonly [Name in Traversal["name"]]: Named<Name> };

/** Case 4 by its other search. */
export const ACK_SWEEP = {
  name: "natblaster-4",
  search: "ack-sweep",
  sequenceShift: "none",
  ...PUNCH,
} as const satisfies Named<"natblaster-4">;

/** The technique of that name, or undefined where there is none. */
export function plainTechnique(name: string): Traversal | undefined {
  return Object.hasOwn(PLAIN, name) ? PLAIN[name as keyof typeof PLAIN] : undefined;
}
