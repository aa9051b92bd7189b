import { formatEndpoint } from "../wire/address.ts";
import type { AttemptResult, TriedStep } from "../wire/attempt.ts";
import type { HostRole, XMessage } from "../wire/rendezvous.ts";
import type { NatTraits } from "../wire/traits.ts";
import type { Plan } from "./choice/choose.ts";
import type { Listener } from "./channel.ts";

/** What a host's log says, as lines for whoever waits at a terminal; most of the log is for nobody there. */
export function progressOf(say: (line: string) => void): Listener {
  let alone = true;
  let isBack = false;
  return (what, detail) => {
    if (what === "lobby-lost") {
      const { why, isFinal } = detail as { readonly why: string; readonly isFinal: boolean };
      if (!isFinal) say(`X is out of reach (${why}); tries to come back`);
    } else if (what === "lobby-back") {
      isBack = true;
      say("back at X");
    } else if (what === "welcome" && !isBack) {
      const { role, outside } = detail as { readonly role: HostRole; readonly outside: string };
      say(`at X as ${role}, from ${outside}; waits for the other side`);
    } else if (what === "told" && alone && (detail as XMessage).t === "paired") {
      alone = false; // each step pairs them once more
      say("the other side is here");
    } else if (what === "probed") say(`this side's NAT: ${traitsText(detail as NatTraits | undefined)}`);
    else if (what === "plan")
      (detail as Plan).forEach(({ technique, reason }, at) => say(`plan ${at + 1}: ${technique.name}: ${reason}`));
    else if (what === "step-ended") say(stepText(detail as TriedStep));
  };
}

/** How it ended, in one line. */
export function resultText(result: AttemptResult): string {
  if (!result.ok) return `no connection: ${result.failure}: ${result.detail}`;
  const { local, remote, connectMs, tried } = result;
  const ends = `${formatEndpoint(local)} ↔ ${formatEndpoint(remote)}`;
  const technique = tried?.at(-1)?.technique.name;
  const how = technique === "relay" ? "relayed by X" : `connected directly by ${technique}`;
  return `${how} after ${Math.round(connectMs)} ms: ${ends}`;
}

/** `preserved ports, refuses with silence, …` */
function traitsText(nat: NatTraits | undefined): string {
  if (!nat) return "not measured";
  const { outside, rttMs, ...traits } = nat;
  const words = Object.entries(traits).map(([name, value]) => `${name} ${String(value)}`);
  return [`outside ${outside}`, `${rttMs} ms from X`, ...words].join(", ");
}

function stepText({ technique, role, tookMs, failure, detail }: TriedStep): string {
  const how = failure === undefined ? "a connection" : `${failure}: ${detail}`;
  return `${technique.name} as ${role}: ${how} (${Math.round(tookMs)} ms)`;
}
