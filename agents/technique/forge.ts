import type { Endpoint } from "../../wire/address.ts";
import type { HostMessage, HostRole, SynReport } from "../../wire/rendezvous.ts";
import { tellBoth } from "./dial.ts";
import { peerOf, stay, type Step, type XAction } from "./machine.ts";

/** What X must know so that both SYNs are answered. */
export interface Forgery {
  readonly endpoints: Partial<Readonly<Record<HostRole, Endpoint>>>;
  readonly syns: Partial<Readonly<Record<HostRole, SynReport>>>;
  readonly established: readonly HostRole[];
  /** Who sends the SYN+ACK to its peer itself. */
  readonly answering?: Partial<Readonly<Record<HostRole, boolean>>>;
}

/** A lost SYN+ACK is repeated after these times (ms after the first); after the last one X tells both sides that it gave up. */
const REPEAT_MS = [200, 600] as const;
const GIVE_UP_MS = 1_000;

/** Takes in a host's `syn` or `established`; with both SYNs known, has them answered and arms the repeats. */
export function forgeBoth(state: Forgery, from: HostRole, message: HostMessage): Step<Forgery, XAction> {
  if (message.t === "established") {
    if (state.established.includes(from)) return stay(state);
    const established = [...state.established, from];
    return { state: { ...state, established }, actions: established.length === 2 ? tellBoth({ t: "open" }) : [] };
  }
  if (message.t !== "syn" || state.syns[from]) return stay(state);
  const complete = {
    ...state,
    syns: { ...state.syns, [from]: message.syn },
    answering: { ...state.answering, [from]: message.answers ?? false },
  };
  const forged = answers(complete);
  if (forged.length === 0) return { state: complete, actions: [] };
  const repeats = REPEAT_MS.map((ms) => ({ kind: "wait", timer: `repeat-${ms}`, ms }) as const);
  return { state: complete, actions: [...forged, ...repeats, { kind: "wait", timer: "give-up", ms: GIVE_UP_MS }] };
}

/** A repeat or the end of X's patience is due. */
export function forgeLater(state: Forgery, timer: string): Step<Forgery, XAction> {
  if (timer === "give-up")
    return {
      state,
      actions:
        state.established.length === 2
          ? []
          : tellBoth({ t: "peer-failed", reason: "no answer to the forged SYN+ACKs" }),
    };
  return { state, actions: answers(state) };
}

/** One SYN+ACK for each side that has not reported yet: X's own, or that of a peer which is told what to answer. */
function answers({ endpoints, syns, established, answering = {} }: Forgery): readonly XAction[] {
  return (["a", "b"] as const).flatMap((side): readonly XAction[] => {
    const peer = peerOf(side);
    const [from, to, syn, of] = [endpoints[peer], endpoints[side], syns[side], syns[peer]];
    if (!from || !to || !syn || !of || established.includes(side)) return [];
    return [
      answering[peer]
        ? { kind: "tell", to: peer, message: { t: "peer-syn", syn } }
        : { kind: "forge-syn-ack", from, to, syn, of },
    ];
  });
}
