import { ADDRESS } from "../plan/addresses.ts";
import { answerOf } from "./answer.ts";
import type { Fate } from "./fate.ts";
import type { Sighting } from "./journey.ts";
import type { Surroundings } from "./surroundings.ts";

const X_ADDRESSES: readonly string[] = [ADDRESS.x, ADDRESS.xSecond];
const X_LINK = "wan-x";

/** A packet came to R, and none of R's links carried it on. */
export function deathAtCore(last: Sighting, around: Surroundings): Fate {
  const { packet, iface, atUs } = last;
  const { core, record, routing } = around;
  const died = (by: Extract<Fate, { kind: "died" }>["by"], why: string): Fate => ({ kind: "died", at: "r", by, why });
  const unknown = (why: string): Fate => ({ kind: "unknown", at: "r", why });
  if (packet.kind === "malformed") return unknown("R passed it no further");
  const answer = answerOf(last, around);
  if (answer) return answer;
  if (packet.ttl <= 1 + (core?.extraHops ?? 0))
    return died("ttl", `its TTL, ${packet.ttl} at R, ended there; no ICMP time-exceeded of R was seen`);
  const cut = record.afterCut;
  const byX = iface === X_LINK || X_ADDRESSES.includes(packet.via ?? packet.dst);
  if (cut && byX && atUs >= cut.fromUs - CLOCK_US && atUs <= cut.toUs) return died("x-cut", "X's link was cut at R");
  if (packet.via !== undefined && !routing.has("r"))
    return died("source-route", "R forwarded no packet with a source route");
  if (PRIVATE.test(packet.dst) && !around.sentTo.has(`r ${packet.dst}`))
    return died("no-route", `R routes nothing to ${packet.dst}; no ICMP destination-unreachable of R was seen`);
  if (iface === X_LINK && core?.antiSpoofing && !X_ADDRESSES.includes(packet.src))
    return died("anti-spoofing", `${packet.src} is not on X's link, and the core checks sources there`);
  if (core && core.lossPercent > 0)
    return died("core-loss", `nothing else stops it, and the core loses ${core.lossPercent} %`);
  return unknown("R passed it no further, and nothing shows why");
}

/** What stands behind NATs (RFC 1918 section 3, RFC 6598 section 7). */
const PRIVATE = /^(10|100\.64)\./;

/** `fromUs` is in whole milliseconds. */
const CLOCK_US = 2_000;
