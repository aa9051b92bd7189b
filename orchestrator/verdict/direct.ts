import { sameEndpoint } from "../../wire/address.ts";
import { KEPT_PER_FLOW, type ConntrackRecord, type FlowTotal } from "../../wire/control.ts";
import { HELLO_BYTES, helloOf } from "../../wire/hello.ts";
import { X_PORTS } from "../../wire/rendezvous.ts";
import { seededBytes, sha256 } from "../../wire/seeded.ts";
import type { Exchange } from "../evidence/types.ts";
import { ADDRESS } from "../plan/addresses.ts";
import type { Proof, ProofPoint } from "./outcome.ts";
import { SIDES, text, type Scene, type Side, type SideOfScene } from "./scene.ts";

/** Ports of X that carry signalling only; payload anywhere else at X went through X. */
const SIGNALLING: readonly number[] = [X_PORTS.rendezvous, ...X_PORTS.probes];
/** Signalling of one attempt stays far below; a relay in disguise could not. */
const SIGNALLING_LIMIT_BYTES = 64 << 10;

/** One criterion: the point it adds to the proof, or what is missing. */
type Check = { readonly point: ProofPoint } | { readonly missing: string };

const met = (claim: string, evidence: string): Check => ({ point: { claim, evidence } });
const lacks = (missing: string): Check => ({ missing });

/** Every criterion of `direct`, met or not. Nothing here rests on an agent's word alone. */
export function checkDirect(scene: Scene): { readonly proof?: Proof; readonly missing: readonly string[] } {
  const checks = [
    checkExchange("1 MiB both ways", scene.evidence.exchange),
    ...SIDES.map((side) => checkConntrack(scene, scene.sides[side])),
    checkSameTuple(scene),
    ...SIDES.map((side) => checkPayloadFromPeer(scene, scene.sides[side])),
    checkNothingAtX(scene),
    checkExchange("data after X's link was cut", scene.evidence.afterCut),
    checkXSilentAfterCut(scene),
    checkComplete(scene),
  ];
  const missing = checks.flatMap((check) => ("missing" in check ? [check.missing] : []));
  const points = checks.flatMap((check) => ("point" in check ? [check.point] : []));
  const { a, b } = scene.evidence.attempts;
  if (missing.length > 0 || !a.ok || !b.ok) return { missing };
  return { proof: { handshake: handshakeOf(scene), points, connectMs: Math.max(a.connectMs, b.connectMs) }, missing };
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

function entryOf({ evidence }: Scene, { side, nat }: SideOfScene): ConntrackRecord | undefined {
  const attempt = evidence.attempts[side];
  if (!attempt.ok) return undefined;
  return evidence.entries[nat].find(
    ({ original }) => sameEndpoint(original.src, attempt.local) && sameEndpoint(original.dst, attempt.remote),
  );
}

function checkConntrack(scene: Scene, side: SideOfScene): Check {
  const { natName, outside, peerOutside, gateway } = side;
  if (gateway.kind === "router") return met(`${natName} is a plain router`, "no NAT in this cell");
  const entry = entryOf(scene, side);
  if (!entry) return lacks(`${natName}'s conntrack has no entry for the agents' connection`);
  const { original, reply, state, assured } = entry;
  if (!assured || state !== "ESTABLISHED")
    return lacks(`${natName}'s entry is ${state}${assured ? "" : ", not assured"}`);
  if (reply.dst.ip !== outside || original.dst.ip !== peerOutside)
    return lacks(`${natName}'s entry goes from ${reply.dst.ip} to ${original.dst.ip}, not to the peer's NAT`);
  return met(`assured in ${natName}`, `${text(original.src)} → ${text(original.dst)} as ${text(reply.dst)}, ${state}`);
}

/** Both NATs hold one and the same connection, seen from its two ends. */
function checkSameTuple(scene: Scene): Check {
  const { a, b } = scene.sides;
  if (a.gateway.kind === "router" || b.gateway.kind === "router")
    return met("one connection", "addresses are not translated");
  const [na, nb] = [entryOf(scene, a), entryOf(scene, b)];
  if (!na || !nb) return lacks("no connection that both NATs hold");
  const same = sameEndpoint(na.reply.dst, nb.original.dst) && sameEndpoint(nb.reply.dst, na.original.dst);
  if (!same) return lacks("the NATs hold different connections");
  return met("the same connection in both NATs", `${text(na.reply.dst)} ↔ ${text(nb.reply.dst)}`);
}

/** The peer's hello and payload arrive on the agent's own connection, at this side's own interface, from the peer NAT's address. */
function checkPayloadFromPeer({ evidence }: Scene, { side, peer, hostName, peerOutside }: SideOfScene): Check {
  const hello = helloOf(peer, evidence.session, evidence.key).toString("hex");
  const attempt = evidence.attempts[side];
  const flow = evidence.captures[side]?.flows.find(
    ({ direction, src, dst, payloadStart }) =>
      direction === "in" &&
      src.ip === peerOutside &&
      startsWithHello(payloadStart, hello) &&
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

const startsWithHello = (payloadStart: string, hello: string): boolean =>
  payloadStart.slice(0, HELLO_BYTES * 2) === hello;

function checkNothingAtX(scene: Scene): Check {
  const payload = payloadThroughX(scene);
  if (payload) return lacks(`payload at X: ${text(payload.src)} → ${text(payload.dst)}, ${payload.payloadBytes} bytes`);
  if (!scene.evidence.captures.x) return lacks("no capture at X");
  return met("no payload byte at X", "X's interface carried signalling only");
}

/** The first flow at X that carries payload which is not signalling. */
export function payloadThroughX({ evidence }: Scene): FlowTotal | undefined {
  return evidence.captures.x?.flows.find(({ src, dst, payloadBytes }) => {
    const xEnd = [src, dst].find(({ ip }) => ip === ADDRESS.x);
    const signalling = xEnd !== undefined && SIGNALLING.includes(xEnd.port);
    return payloadBytes > (signalling ? SIGNALLING_LIMIT_BYTES : 0);
  });
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

export function incompleteCapture(captures: Scene["evidence"]["captures"]): string | undefined {
  const [node, capture] = Object.entries(captures).find(([, { lost }]) => lost > 0) ?? [];
  return node && capture ? `${capture.lost} packets missing from the capture of ${node}` : undefined;
}

/** Read off the captures: did the peers' own SYNs meet, did X answer for them, or was it a plain client and server? */
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
  if (!sentSyn("a") || !sentSyn("b")) return "plain";
  return peerSynAt("a") || peerSynAt("b") ? "crossed" : "forged";
}
