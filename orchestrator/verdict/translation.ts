import { sameEndpoint, type Endpoint } from "../../wire/address.ts";
import type { ConntrackRecord, FlowTotal } from "../../wire/evidence.ts";
import { SIDES } from "../plan/shape.ts";
import { lacks, met, startsWithHello, type Check } from "./check.ts";
import { text, type Hop, type Scene, type SideOfScene } from "./scene.ts";

/** The agents' connection as seen on the inside of a gateway. */
interface Tuple {
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

/** What one gateway does with the connection: whether that is proof, and the host's endpoint beyond it as far as that is known. */
interface Step {
  readonly check: Check;
  readonly beyond?: Endpoint;
}

/** Every NAT on the way holds one and the same connection, translated from one to the next, seen from its two ends. */
export function checkTranslation(scene: Scene): readonly Check[] {
  const [a, b] = SIDES.map((side) => follow(scene, scene.sides[side]));
  return [...a!.checks, ...b!.checks, checkSameTuple(scene, a?.beyond, b?.beyond)];
}

/** Follows a host's socket outward, gateway by gateway. */
function follow(scene: Scene, side: SideOfScene): { readonly checks: readonly Check[]; readonly beyond?: Endpoint } {
  const attempt = scene.evidence.attempts[side.side];
  let local = attempt.ok ? attempt.local : undefined;
  const checks = side.hops.map((hop) => {
    const step: Step =
      attempt.ok && local ? stepAt(scene, side, hop, { local, remote: attempt.remote }) : { check: noEntry(hop) };
    local = step.beyond;
    return step.check;
  });
  return { checks, ...(local ? { beyond: local } : {}) };
}

function stepAt(scene: Scene, side: SideOfScene, hop: Hop, tuple: Tuple): Step {
  const { gateway, name } = hop;
  if (gateway.kind === "router")
    return { check: met(`${name} is a plain router`, "no NAT in this cell"), beyond: tuple.local };
  return gateway.model.sourceRoute === "stateless"
    ? seenTranslated(scene, side, hop, tuple)
    : heldByConntrack(scene, side, hop, tuple);
}

const noEntry = ({ name }: Hop): Check => lacks(`${name}'s conntrack has no entry for the agents' connection`);

function heldByConntrack({ evidence }: Scene, { peerOutside }: SideOfScene, hop: Hop, tuple: Tuple): Step {
  const found = (evidence.entries[hop.at] ?? []).flatMap((entry) => {
    const beyond = beyondOf(entry, tuple);
    return beyond ? [{ entry, beyond }] : [];
  })[0];
  if (!found) return { check: noEntry(hop) };
  const { entry, beyond } = found;
  return { check: judgeEntry(), beyond };

  function judgeEntry(): Check {
    const { state, assured } = entry;
    if (!assured || state !== "ESTABLISHED")
      return lacks(`${hop.name}'s entry is ${state}${assured ? "" : ", not assured"}`);
    if (beyond.ip !== hop.outside || tuple.remote.ip !== peerOutside)
      return lacks(`${hop.name}'s entry goes from ${beyond.ip} to ${tuple.remote.ip}, not to the peer's NAT`);
    return met(`assured in ${hop.name}`, `${text(tuple.local)} → ${text(tuple.remote)} as ${text(beyond)}, ${state}`);
  }
}

/**
 * The host's endpoint beyond a NAT, by an entry for the connection; undefined where the entry is another's. An entry's original direction is
 * that of its first packet: the host's own, or the peer's where the NAT let that in.
 */
function beyondOf({ original, reply }: ConntrackRecord, { local, remote }: Tuple): Endpoint | undefined {
  if (sameEndpoint(original.src, local) && sameEndpoint(original.dst, remote)) return reply.dst;
  if (sameEndpoint(reply.src, local) && sameEndpoint(reply.dst, remote)) return original.dst;
  return undefined;
}

/** A NAT that keeps no connections: both hosts' data, known by their nonces, went in on one side and came out translated on the other. */
function seenTranslated({ evidence }: Scene, { side, peer, peerOutside }: SideOfScene, hop: Hop, tuple: Tuple): Step {
  const flows = (iface: string, direction: "in" | "out", sender: "a" | "b"): readonly FlowTotal[] =>
    (evidence.captures[hop.at]?.flows ?? []).filter(
      (flow) =>
        flow.iface === iface && flow.direction === direction && startsWithHello(evidence, sender, flow.payloadStart),
    );
  const from = (flow: FlowTotal, src: Endpoint, dst: Endpoint): boolean =>
    sameEndpoint(flow.src, src) && sameEndpoint(flow.dst, dst);
  const entered = flows(hop.inner, "in", side).some((flow) => from(flow, tuple.local, tuple.remote));
  const left = flows("out", "out", side).find(
    ({ src, dst }) => src.ip === hop.outside && sameEndpoint(dst, tuple.remote) && dst.ip === peerOutside,
  );
  const beyond = left?.src;
  const back = beyond && flows("out", "in", peer).some((flow) => from(flow, tuple.remote, beyond));
  const delivered = flows(hop.inner, "out", peer).some((flow) => from(flow, tuple.remote, tuple.local));
  if (!entered || !beyond || !back || !delivered)
    return { check: lacks(`${hop.name} was not seen to translate the agents' connection`) };
  const words = `${text(tuple.local)} → ${text(tuple.remote)} as ${text(beyond)}, both nonces on both sides`;
  return { check: met(`seen translated at ${hop.name}`, words), beyond };
}

/** The host's endpoint beyond all its NATs is the peer's remote end, both ways. */
function checkSameTuple({ evidence, sides }: Scene, a: Endpoint | undefined, b: Endpoint | undefined): Check {
  const routed = SIDES.filter((side) => sides[side].hops.every(({ gateway }) => gateway.kind === "router"));
  if (routed.length === SIDES.length) return met("one connection", "addresses are not translated");
  const { attempts } = evidence;
  if (!a || !b || !attempts.a.ok || !attempts.b.ok) return lacks("no connection that both NATs hold");
  const same = sameEndpoint(a, attempts.b.remote) && sameEndpoint(b, attempts.a.remote);
  if (!same) return lacks("the NATs hold different connections");
  return met(
    routed.length > 0 ? "the same connection at both ends" : "the same connection in both NATs",
    `${text(a)} ↔ ${text(b)}`,
  );
}
