import { sameEndpoint } from "../../wire/address.ts";
import type { Blockage } from "./outcome.ts";
import { punchesOf, sameSequence, text, type Hop, type Scene, type SideOfScene } from "./scene.ts";
import type { Segment } from "./sightings.ts";

/**
 * The host answered the peer's SYN from the very port that its own SYN had opened, and a NAT took the answer, or the data after it, for
 * out of state (conntrack's INVALID: nf_conntrack_proto_tcp.c). Such a packet passes no NAT rule: it leaves under its private address,
 * or not at all. So does another try from that port, where the mapping outlived the first one: it starts from another sequence number.
 */
export function outOfState(scene: Scene, side: SideOfScene): Blockage | undefined {
  const own = scene.segments.filter(({ node, direction }) => node === side.side && direction === "out");
  const punches = punchesOf(scene, side);
  for (const syn of punches) {
    const again = triedAgain(scene, side, punches, syn);
    if (again) return again;
    const sent = own.filter(({ src, dst }) => sameEndpoint(src, syn.src) && sameEndpoint(dst, syn.dst));
    const answer = sent.find(({ kind, atUs }) => kind === "syn-ack" && atUs > syn.atUs);
    if (!answer) continue;
    const after = sent.filter(({ kind, atUs }) => kind !== "rst" && kind !== "syn" && atUs >= answer.atUs);
    for (const hop of side.hops) {
      const fate = fateAt(scene, hop, after);
      if (fate) return blockageOf(side, hop, { ...fate, syn, answer });
    }
  }
  return undefined;
}

/** Another try of `first`'s, from the same port, that did not get past a NAT which had let `first` out. */
function triedAgain(
  scene: Scene,
  side: SideOfScene,
  punches: readonly Segment[],
  first: Segment,
): Blockage | undefined {
  const tries = punches.filter(
    ({ seq, atUs, src, dst }) =>
      seq !== first.seq && atUs > first.atUs && sameEndpoint(src, first.src) && sameEndpoint(dst, first.dst),
  );
  if (tries.length === 0) return undefined; // a birthday's SYNs are hundreds, each from a port of its own
  for (const hop of side.hops) {
    if (fateAt(scene, hop, [first])) return undefined;
    const fate = fateAt(scene, hop, tries);
    if (fate) return blockageOf(side, hop, { ...fate, syn: first, answer: fate.segment });
  }
  return undefined;
}

interface Fate {
  readonly segment: Segment;
  readonly cause: "out-of-state-leak" | "out-of-state-drop";
}

/** The first of a host's segments that entered a NAT and left it untranslated, or not at all. */
function fateAt(scene: Scene, { at, inner, inside, gateway }: Hop, sent: readonly Segment[]): Fate | undefined {
  if (gateway.kind !== "nat") return undefined;
  const here = scene.segments.filter(({ node }) => node === at);
  const entered = here.filter(
    (one) => one.iface === inner && one.direction === "in" && one.ttl > 1 && sent.some((other) => same(one, other)),
  );
  for (const [index, segment] of entered.entries()) {
    // the kernel repeats what is not answered, and a NAT may do otherwise with the repetition
    const again = entered.slice(index + 1).find((one) => same(one, segment))?.atUs ?? Infinity;
    const left = here.find(
      (one) =>
        one.iface === "out" &&
        one.direction === "out" &&
        one.atUs >= segment.atUs &&
        one.atUs < again &&
        same(one, segment),
    );
    if (!left) return { segment, cause: "out-of-state-drop" };
    if (left.src.ip === inside) return { segment, cause: "out-of-state-leak" };
  }
  return undefined;
}

/** Whether two sightings are of one segment, on either side of a NAT. */
function same(one: Segment, other: Segment): boolean {
  return one.kind === other.kind && sameSequence(one, other) && one.ack % 2 ** 31 === other.ack % 2 ** 31;
}

function blockageOf(
  { hostName }: SideOfScene,
  { at, name, inside, gateway }: Hop,
  { segment, cause, syn, answer }: Fate & { readonly syn: Segment; readonly answer: Segment },
): Blockage {
  const what = `${{ syn: "SYN", "syn-ack": "SYN+ACK", other: "data", rst: "RST" }[segment.kind]} from ${text(segment.src)} to ${text(segment.dst)}`;
  const did =
    cause === "out-of-state-leak"
      ? `let ${hostName}'s ${what} out untranslated, under ${inside}`
      : `dropped ${hostName}'s ${what}`;
  const reason =
    answer.seq === syn.seq
      ? "its conntrack admits no SYN+ACK after a SYN of the same side"
      : `${hostName} ${segment.kind === "syn" ? "tries again" : "answers"} from sequence number ${answer.seq}, and the SYN that opened the mapping had ${syn.seq}`;
  const axis = gateway.kind === "nat" ? `; outOfState=${gateway.model.outOfState}` : "";
  return { cause, at, atUs: segment.atUs, why: `${name} ${did}: ${reason}${axis}` };
}
