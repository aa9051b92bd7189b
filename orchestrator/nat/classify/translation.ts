import { formatEndpoint, sameEndpoint, type Endpoint, type Ipv4 } from "../../../wire/address.ts";
import type { Binding } from "../../../wire/fingerprint.ts";
import { determined, undetermined, type Finding } from "../measured.ts";
import type { NatModel, OutOfState, SourceRoute } from "../model.ts";
import { isSeen } from "./mapping.ts";

/** Whether there is a NAT at all. */
export function classifyTranslated(made: readonly Binding[]): Finding<boolean> {
  const seen = made.filter(isSeen);
  const [first] = seen;
  if (!first) return undetermined("X saw no connection");
  const moved = seen.find(({ local, outside }) => !sameEndpoint(local, outside));
  const { local, outside } = moved ?? first;
  return determined(moved !== undefined, `${formatEndpoint(local)} is seen as ${formatEndpoint(outside)}`);
}

/** What became of a SYN+ACK that the host sent after its own SYN. */
export function classifyOutOfState(
  { mapping, from }: { readonly mapping: Endpoint; readonly from?: Endpoint },
  inside: readonly Ipv4[],
): Finding<OutOfState> {
  if (!from) return determined("drop", "a SYN+ACK sent outward after a SYN did not come out");
  const evidence = `a SYN+ACK sent outward from the mapping ${formatEndpoint(mapping)} came from ${formatEndpoint(from)}`;
  if (sameEndpoint(from, mapping)) return determined("translate", evidence);
  return inside.includes(from.ip) ? determined("leak", evidence) : undetermined(`${evidence}, another mapping`);
}

export function classifyWindow({ arrived }: { readonly arrived: boolean }): Finding<NatModel["windowTracking"]> {
  const segment = "a segment far outside the window";
  return arrived ? determined("liberal", `${segment} arrived`) : determined("strict", `${segment} did not arrive`);
}

export function classifySequence({
  isnSent,
  isnSeen,
  ackArrived,
}: {
  readonly isnSent: number;
  readonly isnSeen: number;
  readonly ackArrived?: number;
}): Finding<NatModel["sequenceNumbers"]> {
  const kept = isnSent === isnSeen;
  if (kept) return determined("keep", "X saw the initial sequence number that was sent");
  if (ackArrived !== undefined && ackArrived !== (isnSent + 1) >>> 0)
    return undetermined(
      "the sequence number changed on the way, and the answer's acknowledgement was not changed back",
    );
  return determined("rewrite", "X saw another initial sequence number than was sent");
}

/** How a NAT takes a SYN with a loose source route over X to X's second address (RFC 791 section 3.1). */
export function classifySourceRoute(
  routed: { readonly from?: Endpoint; readonly answerFromFinal: boolean; readonly answerFromX: boolean },
  inside: readonly Ipv4[],
): Finding<SourceRoute> {
  const { from, answerFromFinal, answerFromX } = routed;
  if (!from) return determined("refuse", "no SYN with a source route reached X; a router on the way may be why");
  const evidence = `the SYN reached X from ${formatEndpoint(from)}, answers came through from ${answers(routed)}`;
  if (answerFromFinal) return determined(answerFromX ? "stateless" : "aware", evidence);
  if (answerFromX) return determined("stock", evidence);
  // To a NAT that reads no source routes the TCP checksum, which covers the final destination, is wrong: Linux calls the SYN invalid.
  if (inside.includes(from.ip))
    return determined("stock", `the SYN with a source route left untranslated, from ${formatEndpoint(from)}`);
  return undetermined(`no answer came through (${evidence})`);
}

function answers({ answerFromFinal, answerFromX }: { answerFromFinal: boolean; answerFromX: boolean }): string {
  const from = [...(answerFromFinal ? ["the final destination"] : []), ...(answerFromX ? ["X"] : [])];
  return from.join(" and ") || "nowhere";
}

/** Whether two of the host's ports reach each other at their outside endpoints (RFC 5382 REQ-8). */
export function classifyHairpin({
  arrived,
  from,
}: {
  readonly arrived: boolean;
  readonly from?: Endpoint;
}): Finding<boolean> {
  if (!arrived) return determined(false, "a SYN to the own outside endpoint did not come back in");
  return determined(true, `a SYN to the own outside endpoint arrived${from ? ` from ${formatEndpoint(from)}` : ""}`);
}
