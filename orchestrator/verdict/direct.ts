import { sameEndpoint } from "../../wire/address.ts";
import type { Searched } from "../../wire/attempt.ts";
import { KEPT_PER_FLOW, type FlowTotal } from "../../wire/evidence.ts";
import { X_PORTS } from "../../wire/rendezvous.ts";
import { seededBytes, sha256 } from "../../wire/seeded.ts";
import type { Exchange } from "../evidence/types.ts";
import { ADDRESS } from "../plan/addresses.ts";
import { SIDES, type Side } from "../plan/shape.ts";
import type { Proof } from "./outcome.ts";
import { isForged, punchesOf, text, type Scene, type SideOfScene } from "./scene.ts";
import { lacks, met, startsWithHello, type Check } from "./check.ts";
import { checkTranslation } from "./translation.ts";

/**
 * Ports of X that carry signalling only, or a prober's packets; payload anywhere else at X went through X. Where the hosts do not probe
 * themselves, the kernels may still be repeating the end of what was said in the calibration before.
 */
const SIGNALLING: readonly number[] = [X_PORTS.rendezvous, ...X_PORTS.probes, X_PORTS.prober];
const X_ADDRESSES: readonly string[] = [ADDRESS.x, ADDRESS.xSecond];
/** Signalling of one attempt stays far below; a relay in disguise could not. */
const SIGNALLING_LIMIT_BYTES = 64 << 10;

/** Every criterion of `direct`, met or not. Nothing here rests on an agent's word alone. */
export function checkDirect(scene: Scene): { readonly proof?: Proof; readonly missing: readonly string[] } {
  const checks = [
    checkExchange("1 MiB both ways", scene.evidence.exchange),
    ...checkTranslation(scene),
    ...SIDES.map((side) => checkPayloadFromPeer(scene, scene.sides[side])),
    checkNothingAtX(scene),
    ...(needsNoForging(scene) ? [checkNothingForged(scene)] : []),
    checkExchange("data after X's link was cut", scene.evidence.afterCut),
    checkXSilentAfterCut(scene),
    checkComplete(scene),
  ];
  const missing = checks.flatMap((check) => ("missing" in check ? [check.missing] : []));
  const points = checks.flatMap((check) => ("point" in check ? [check.point] : []));
  const { a, b } = scene.evidence.attempts;
  if (missing.length > 0 || !a.ok || !b.ok) return { missing };
  const searched = searchedBy(a.searched, b.searched);
  const proof: Proof = {
    handshake: handshakeOf(scene),
    points,
    connectMs: Math.max(a.connectMs, b.connectMs),
    ...(searched && { searched }),
  };
  return { proof, missing };
}

/** Of two searches one came after the other. */
function searchedBy(a: Searched | undefined, b: Searched | undefined): Searched | undefined {
  return a && b ? { packets: a.packets + b.packets, ms: a.ms + b.ms } : (a ?? b);
}

/** Each side received exactly what the other was told to send; a receiver never knew the sender's seed. */
function checkExchange(claim: string, exchange: Exchange | undefined): Check {
  if (!exchange) return lacks(`${claim}: not both agents held a connection`);
  const { seeds, bytes, results } = exchange;
  for (const [receiver, sender] of [["a", "b"] as const, ["b", "a"] as const]) {
    const { receivedBytes, receivedSha256, error } = results[receiver];
    const name = receiver.toUpperCase();
    if (receivedBytes !== bytes)
      return lacks(`${claim}: ${name} received ${receivedBytes} of ${bytes} bytes${error ? ` (${error})` : ""}`);
    if (receivedSha256 !== sha256(seededBytes(seeds[sender], bytes)))
      return lacks(`${claim}: digest at ${name} is wrong`);
  }
  return met(claim, `${bytes} bytes each way, both digests as seeded`);
}

/** The peer's hello and payload arrive on the agent's own connection, at this side's own interface, from the peer NAT's address. */
function checkPayloadFromPeer({ evidence }: Scene, { side, peer, hostName, peerOutside }: SideOfScene): Check {
  const attempt = evidence.attempts[side];
  const flow = evidence.captures[side]?.flows.find(
    ({ direction, src, dst, payloadStart }) =>
      direction === "in" &&
      src.ip === peerOutside &&
      startsWithHello(evidence, peer, payloadStart) &&
      attempt.ok &&
      sameEndpoint(src, attempt.remote) &&
      sameEndpoint(dst, attempt.local),
  );
  if (!flow) return lacks(`no payload with ${peer.toUpperCase()}'s nonce from ${peerOutside} on ${hostName}'s LAN`);
  if (flow.payloadBytes < (evidence.exchange?.bytes ?? Infinity))
    return lacks(`only ${flow.payloadBytes} payload bytes from ${peerOutside} on ${hostName}'s LAN`);
  return met(
    `payload on ${hostName}'s LAN from the peer's NAT`,
    `${text(flow.src)} → ${text(flow.dst)}, ${flow.payloadBytes} bytes, nonce first`,
  );
}

function checkNothingAtX(scene: Scene): Check {
  const payload = payloadThroughX(scene);
  if (payload) return lacks(`payload at X: ${text(payload.src)} → ${text(payload.dst)}, ${payload.payloadBytes} bytes`);
  if (!scene.evidence.captures.x) return lacks("no capture at X");
  return met("no payload byte at X", "X's interface carried signalling only");
}

/** A search that is meant to do without X's help but for introducing the two. */
const needsNoForging = ({ technique }: Scene): boolean =>
  technique.name === "natblaster-6" && technique.search === "blind";

function checkNothingForged({ segments }: Scene): Check {
  const forged = segments.find(isForged);
  return forged
    ? lacks(`X sent a packet under ${text(forged.src)}`)
    : met("X forged nothing", "X's interface sent nothing under another's address");
}

/** The first flow at X that carries payload which is not signalling. */
export function payloadThroughX({ evidence }: Scene): FlowTotal | undefined {
  return evidence.captures.x?.flows.find(({ src, dst, payloadBytes }) => {
    const xEnd = [src, dst].find(({ ip }) => X_ADDRESSES.includes(ip));
    const signalling = xEnd !== undefined && (SIGNALLING.includes(xEnd.port) || isSilent(xEnd.port));
    return payloadBytes > (signalling ? SIGNALLING_LIMIT_BYTES : 0);
  });
}

function isSilent(port: number): boolean {
  return port >= X_PORTS.silent.from && port <= X_PORTS.silent.to;
}

function checkXSilentAfterCut({ evidence, segments }: Scene): Check {
  const cut = evidence.afterCut;
  if (!cut) return lacks("X's link was not cut");
  const heard = segments.find(
    ({ node, direction, atUs }) => node === "x" && direction === "in" && atUs > cut.fromUs && atUs < cut.toUs,
  );
  // of a long flow only the first packets are kept one by one, its end is known as a time
  const flow = evidence.captures.x?.flows.find(
    ({ direction, packets, lastAtUs }) => direction === "in" && packets > KEPT_PER_FLOW && lastAtUs > cut.fromUs,
  );
  const still = heard ?? flow;
  if (still) return lacks(`X still received packets while its link was cut: ${text(still.src)} → ${text(still.dst)}`);
  return met("X was cut off meanwhile", "nothing arrived at X's interface between cut and restore");
}

function checkComplete({ evidence }: Scene): Check {
  const incomplete = incompleteCapture(evidence.captures);
  if (incomplete) return lacks(incomplete);
  return evidence.eventsLost
    ? lacks("conntrack events were lost")
    : met("evidence is complete", "no packet and no event was lost");
}

/** What is missing from a capture, or that nothing says that it was live and read to its end: then absence proves nothing. */
export function incompleteCapture(captures: Scene["evidence"]["captures"]): string | undefined {
  for (const [node, { lost, sentinels }] of Object.entries(captures)) {
    if (lost > 0) return `${lost} packets missing from the capture of ${node}`;
    if (sentinels && sentinels.seen < sentinels.sent)
      return `the capture of ${node} saw ${sentinels.seen} of ${sentinels.sent} sentinels: it was not live, or not read to its end`;
  }
  return undefined;
}

/** Read off the captures: did the peers' own SYNs meet, did X or they themselves answer them, or was it a plain client and server? */
function handshakeOf(scene: Scene): Proof["handshake"] {
  const peerSynAt = (side: Side): boolean =>
    scene.segments.some(
      ({ node, direction, kind, src }) =>
        node === side && direction === "in" && kind === "syn" && src.ip === scene.sides[side].peerOutside,
    );
  const sentSyn = (side: Side): boolean =>
    scene.segments.some(
      ({ node, direction, kind, dst }) =>
        node === side && direction === "out" && kind === "syn" && dst.ip === scene.sides[side].peerOutside,
    );
  if (!sentSyn("a") && !sentSyn("b") && scene.technique.name === "tcp-repair") return "injected";
  if (!sentSyn("a") || !sentSyn("b") || SIDES.some((side) => acceptedAt(scene, side))) return "plain";
  if (peerSynAt("a") || peerSynAt("b")) return "crossed";
  return scene.segments.some(isForged) ? "forged" : "self-forged";
}

/** A listener's SYN+ACK: it starts from another sequence number than the SYN that the host had sent itself. */
function acceptedAt(scene: Scene, side: Side): boolean {
  const { peerOutside } = scene.sides[side];
  const own = punchesOf(scene, scene.sides[side]);
  return scene.segments.some(
    ({ node, direction, kind, dst, seq }) =>
      node === side &&
      direction === "out" &&
      kind === "syn-ack" &&
      dst.ip === peerOutside &&
      own.every((syn) => syn.seq !== seq),
  );
}
