import { sameEndpoint } from "../../wire/address.ts";
import type { FailureCode } from "../../wire/attempt.ts";
import type { Blockage } from "./outcome.ts";
import { gap, punchesOf, text, type Scene, type SideOfScene } from "./scene.ts";
import type { IcmpSighting, Segment } from "./sightings.ts";

/** Port-unreachable is ECONNREFUSED to the host, as a RST is (icmp_err_convert[]); other errors have names of their own. */
const ENDED: readonly FailureCode[] = ["icmp-leak", "peer-nat-reset"];

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
  const ended: readonly FailureCode[] = [...ENDED, ...(triesAgain ? ENDED_LATER : [])];
  if (!ended.includes(attempt.failure)) return undefined;
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
    if (attempt.failure === "peer-nat-reset" && !refusedBy(scene, side, syn, error)) continue;
    const { hostName } = side;
    const words = ENDED.includes(attempt.failure) ? `: ${attempt.detail}` : "";
    const why = `${error.from} answered ${hostName}'s SYN to ${text(syn.dst)} (TTL ${syn.ttl}) with ICMP ${error.kind}, which reached ${hostName} ${gap(syn.atUs, error.atUs)} after the SYN left and ended its connect()${words}`;
    return { cause: "icmp-killed-connect", at: side.side, atUs: error.atUs, why };
  }
  return undefined;
}

/** Whether it was the error that refused a SYN, and no RST before it. */
function refusedBy({ segments }: Scene, { side }: SideOfScene, syn: Segment, error: IcmpSighting): boolean {
  const reset = segments.some(
    (one) =>
      one.node === side &&
      one.direction === "in" &&
      one.kind === "rst" &&
      one.atUs >= syn.atUs &&
      one.atUs <= error.atUs &&
      sameEndpoint(one.src, syn.dst) &&
      sameEndpoint(one.dst, syn.src),
  );
  return error.kind === "destination-unreachable" && !reset;
}
