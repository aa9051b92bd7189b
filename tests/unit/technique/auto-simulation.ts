import { lobbyX } from "../../../agents/technique/auto-x.ts";
import { autoHost, type AutoAction, type AutoEvent } from "../../../agents/technique/auto.ts";
import type { Port } from "../../../wire/address.ts";
import type { HostRole } from "../../../wire/rendezvous.ts";
import { HOST_CAPABILITIES, type NatTraits } from "../../../wire/traits.ts";
import { OUTSIDE } from "./simulation.ts";

/** A message on its way. */
export const HOP_MS = 1;
/** Both hosts measure their NATs. */
export const PROBE_MS = 300;

/** How an attempt ends for one host, and after how long; it may never do so by itself. */
export interface Ending {
  readonly ok: boolean;
  readonly afterMs: number;
}
export interface AutoPlay {
  readonly nats: Readonly<Record<HostRole, Partial<NatTraits>>>;
  readonly withinMs: number;
  readonly lastMs: number;
  readonly only?: Readonly<Record<HostRole, string | undefined>>;
  readonly ending: (role: HostRole, step: number) => Ending;
  /** What befalls a host besides. */
  readonly faults?: readonly { readonly atMs: number; readonly role: HostRole; readonly event: AutoEvent }[];
}

/** What a host did, in its order. */
export interface Deed {
  readonly atMs: number;
  readonly role: HostRole;
  readonly action: AutoAction;
}

/** Plays two hosts that leave the choice to their fingerprints, and X's lobby between them, in virtual time. Everybody comes at 0. */
export function playAuto({ nats, withinMs, lastMs, only, ending, faults = [] }: AutoPlay): readonly Deed[] {
  const deeds: Deed[] = [];
  const due: { readonly atMs: number; readonly run: () => void }[] = [];
  const ended = new Set<HostRole>();
  const running: Partial<Record<HostRole, number>> = {};
  let nowMs = 0;
  const hosts = { a: machineOf("a"), b: machineOf("b") };
  const states = { a: hosts.a.initial, b: hosts.b.initial };
  const lobby = lobbyX();

  function machineOf(role: HostRole) {
    const wanted = only?.[role];
    return autoHost({
      withinMs,
      lastMs,
      capabilities: HOST_CAPABILITIES,
      ...(wanted === undefined ? {} : { only: wanted }),
    });
  }
  const later = (ms: number, run: () => void): void => void due.push({ atMs: nowMs + ms, run });

  function host(role: HostRole, event: AutoEvent): void {
    if (ended.has(role)) return;
    const { state, actions } = hosts[role].step(states[role], event);
    states[role] = state;
    for (const action of actions) {
      deeds.push({ atMs: nowMs, role, action });
      perform(role, action);
    }
  }

  function perform(role: HostRole, action: AutoAction): void {
    switch (action.kind) {
      case "probe":
        return later(PROBE_MS, () => host(role, { kind: "probed", nat: { ...MEASURED[role], ...nats[role] } }));
      case "tell":
        return later(HOP_MS, () => x({ kind: "told", from: role, message: action.message }));
      case "wait":
        return later(action.ms, () => host(role, { kind: "elapsed", timer: action.timer }));
      case "attempt": {
        const { ok, afterMs } = ending(role, action.step);
        running[role] = action.step;
        if (afterMs < Infinity) later(afterMs, () => endAttempt(role, action.step, ok));
        return;
      }
      case "cut": {
        const step = running[role];
        if (step !== undefined) later(HOP_MS, () => endAttempt(role, step, false));
        return;
      }
      case "adopt":
      case "give-up":
        return void ended.add(role);
      case "follow":
    }
  }

  /** An attempt ends once. */
  function endAttempt(role: HostRole, step: number, ok: boolean): void {
    if (running[role] !== step) return;
    delete running[role];
    host(role, { kind: "attempted", step, ok });
  }

  function x(event: Parameters<typeof lobby.step>[1]): void {
    for (const action of lobby.step(null, event).actions) {
      if (action.kind !== "tell") throw new Error(`X's lobby never does ${action.kind}`);
      later(HOP_MS, () => host(action.to, { kind: "told", message: action.message }));
    }
  }

  for (const role of ["a", "b"] as const) {
    const observed = { ...OUTSIDE[role], port: 999 as Port };
    host(role, { kind: "told", message: { t: "welcome", v: 1, observed, role, forges: true } });
  }
  x({ kind: "paired", outside: OUTSIDE });
  for (const { atMs, role, event } of faults) later(atMs, () => host(role, event));
  for (;;) {
    const [next] = due.toSorted((one, other) => one.atMs - other.atMs);
    if (!next) return deeds;
    due.splice(due.indexOf(next), 1);
    nowMs = next.atMs;
    next.run();
  }
}

const MEASURED: Readonly<Record<HostRole, NatTraits>> = {
  a: { outside: OUTSIDE.a.ip, rttMs: 1 },
  b: { outside: OUTSIDE.b.ip, rttMs: 1 },
};
