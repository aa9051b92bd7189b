import { sameEndpoint, type Endpoint } from "../../wire/address.ts";
import type { ConntrackRecord } from "../../wire/evidence.ts";
import { wayOf } from "./packet.ts";

/** A connection that a NAT kept, and for how long. */
export interface Kept {
  readonly original: ConntrackRecord["original"];
  readonly reply: ConntrackRecord["reply"];
  readonly fromUs: number;
  /** `Infinity`: to the end. */
  readonly toUs: number;
  readonly states: readonly { readonly atUs: number; readonly state: string }[];
}

/**
 * The TCP connections in a NAT's conntrack events, in order of their beginning. One whose beginning was not told was there from the start.
 * Events have the time at which the agent read them, which may be milliseconds late: a connection begins with the packet that opened it,
 * where `arrivals` has that, the times at which segments of a way came to the NAT.
 */
export function keptBy(
  events: readonly ConntrackRecord[],
  arrivals: (from: Endpoint, to: Endpoint) => readonly number[],
): readonly Kept[] {
  const byId = new Map<number, { -readonly [Key in keyof Kept]: Kept[Key] }[]>();
  const endedUs = new Map<string, number>();
  const all: Kept[] = [];
  for (const { event, id, protocol, atUs, original, reply, state } of events) {
    if (protocol !== TCP) continue;
    const known = byId.get(id)?.at(-1);
    if (event === "new" || !known || known.toUs < atUs) {
      // a port that is tried again has another connection each time
      const freeUs = endedUs.get(wayOf({ from: original.src, to: original.dst })) ?? -Infinity;
      const opened = arrivals(original.src, original.dst).find((us) => us <= atUs && us > freeUs);
      const fromUs = event === "new" ? (opened ?? atUs) : -Infinity;
      const begun = { original, reply, fromUs, toUs: Infinity, states: [{ atUs, state }] };
      byId.set(id, [...(byId.get(id) ?? []), begun]);
      all.push(begun);
      if (event === "destroy") begun.toUs = atUs;
    } else if (event === "destroy") known.toUs = atUs;
    else known.states = [...known.states, { atUs, state }];
    if (event === "destroy") endedUs.set(wayOf({ from: original.src, to: original.dst }), atUs);
  }
  return all;
}

const TCP = 6;

/** The state in which conntrack had a connection at a time. */
export function stateAt({ states }: Kept, atUs: number): string {
  return (states.findLast((one) => one.atUs <= atUs) ?? states[0])?.state ?? "?";
}

/** Whether a NAT kept the connection of a segment that goes from `from` to `to`, in either direction, on its inside or its outside. */
export function isOf({ original, reply }: Kept, from: Endpoint, to: Endpoint): boolean {
  return [original, reply].some(
    ({ src, dst }) =>
      (sameEndpoint(src, from) && sameEndpoint(dst, to)) || (sameEndpoint(src, to) && sameEndpoint(dst, from)),
  );
}
