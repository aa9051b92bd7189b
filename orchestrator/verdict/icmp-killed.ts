import { sameEndpoint } from "../../wire/address.ts";
import type { FailureCode } from "../../wire/control.ts";
import type { Blockage } from "./outcome.ts";
import { gap, punchesOf, text, type Scene, type SideOfScene } from "./scene.ts";

/** How an attempt ends whose first try an ICMP error ended, where the technique tries again. */
const ENDED_LATER: readonly FailureCode[] = ["deadline", "peer-failed"];

/**
 * The host's connect() died of an ICMP error that its own capture shows (tcp_v4_err(); assumption 2). A technique that tries again ends
 * at its deadline instead: what ended its first try spoiled the mappings for the later ones.
 */
export function killedByIcmp(scene: Scene, side: SideOfScene): Blockage | undefined {
  const attempt = scene.evidence.attempts[side.side];
  if (attempt.ok) return undefined;
  const triesAgain = ["simultaneous-open", "p2pnat"].includes(scene.technique.name);
  if (attempt.failure !== "icmp-leak" && !(triesAgain && ENDED_LATER.includes(attempt.failure))) return undefined;
  for (const syn of punchesOf(scene, side)) {
    if (syn.via !== undefined) continue; // an error quotes that one under its next hop
    const error = scene.icmp.find(
      // an error for what the same port sent elsewhere ends that alone
      ({ node, direction, src, dst, atUs }) =>
        node === side.side &&
        direction === "in" &&
        atUs >= syn.atUs &&
        sameEndpoint(src, syn.src) &&
        sameEndpoint(dst, syn.dst),
    );
    if (!error) continue;
    const { hostName } = side;
    const words = attempt.failure === "icmp-leak" ? `: ${attempt.detail}` : "";
    const why = `${error.from} answered ${hostName}'s SYN to ${text(syn.dst)} (TTL ${syn.ttl}) with ICMP ${error.kind}, which reached ${hostName} ${gap(syn.atUs, error.atUs)} after the SYN left and ended its connect()${words}`;
    return { cause: "icmp-killed-connect", at: side.side, atUs: error.atUs, why };
  }
  return undefined;
}
