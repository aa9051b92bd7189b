import type { AttemptResult, FailureCode } from "../../wire/attempt.ts";
import type { FlowTotal } from "../../wire/evidence.ts";
import type { Evidence } from "../evidence/types.ts";
import { SIDES } from "../plan/shape.ts";
import { findBlockage } from "./blocked.ts";
import { checkDirect, incompleteCapture, payloadThroughX } from "./direct.ts";
import type { Outcome, Proof, WorldFault } from "./outcome.ts";
import { punchesOf, sceneOf, text, type JudgedCell, type Scene } from "./scene.ts";

/** Failures that say something about the world and nothing about the NATs. */
const SPOILED: readonly FailureCode[] = ["missing-capability", "port-busy", "fd-limit", "x-failed"];

/** Decides a trial from its evidence alone; the agents' words only say where to look. Pure: the same evidence, the same outcome. */
export function judge(cell: JudgedCell, evidence: Evidence): Outcome {
  const scene = sceneOf(cell, evidence);
  const { a, b } = evidence.attempts;
  return a.ok && b.ok ? judgeConnected(scene) : judgeFailed(scene);
}

function judgeConnected(scene: Scene): Outcome {
  const { proof, missing } = checkDirect(scene);
  if (proof) return { verdict: "direct", why: sentenceOf(scene, proof), proof };
  const through = payloadThroughX(scene);
  if (through && carriedAll(through, scene.evidence) && exchanged(missing)) {
    const why = `the data went through X: ${text(through.src)} → ${text(through.dst)} carried ${through.payloadBytes} payload bytes there, and nothing passed once X's link was cut`;
    return { verdict: "relayed", why, via: "x" };
  }
  return {
    verdict: "unknown",
    why: `both agents claim a connection, but the proof is not whole: ${missing[0] ?? ""}`,
    missing,
  };
}

/** Whether X carried the whole exchange, and nothing got from side to side without it. */
function carriedAll({ payloadBytes }: FlowTotal, { exchange, afterCut }: Evidence): boolean {
  if (!exchange || !afterCut || payloadBytes < exchange.bytes) return false;
  return SIDES.every((side) => afterCut.results[side].receivedBytes === 0);
}

/** Whether the 1 MiB itself arrived, wherever it went. */
const exchanged = (missing: readonly string[]): boolean => !missing.some((one) => one.startsWith("1 MiB both ways"));

const HANDSHAKES: Readonly<Record<Proof["handshake"], string>> = {
  forged: "X's forged SYN+ACKs",
  "self-forged": "SYN+ACKs that the hosts forged themselves",
  crossed: "crossing SYNs",
  plain: "a plain handshake",
  injected: "sockets made established",
};

function sentenceOf({ sides, evidence }: Scene, { handshake, searched }: Proof): string {
  const [a, b] = [evidence.attempts.a, evidence.attempts.b];
  const how = HANDSHAKES[handshake];
  const search = searched ? `, found after ${searched.packets} packets in ${searched.ms.toFixed(0)} ms` : "";
  const ends = a.ok && b.ok ? `${text(b.remote)} ↔ ${text(a.remote)}` : `${sides.a.outside} ↔ ${sides.b.outside}`;
  return `${ends} connected by ${how}${search}; 1 MiB went each way past X, and on with X cut off`;
}

function judgeFailed(scene: Scene): Outcome {
  const { a, b } = scene.evidence.attempts;
  const incomplete = incompleteCapture(scene.evidence.captures);
  if (incomplete) return invalid("evidence-incomplete", incomplete);
  if (scene.evidence.eventsLost) return invalid("evidence-incomplete", "conntrack events were lost");
  for (const attempt of [a, b])
    if (!attempt.ok && SPOILED.includes(attempt.failure))
      return invalid("attempt-spoiled", `${attempt.failure}: ${attempt.detail}`);
  const blockage = findBlockage(scene);
  if (blockage) {
    const { cause, at, why } = blockage;
    return { verdict: "blocked", cause, at, why };
  }
  const said = `A: ${wordsOf(a)}; B: ${wordsOf(b)}`;
  if (SIDES.every((side) => punchesOf(scene, scene.sides[side]).length === 0))
    return invalid("attempt-spoiled", `neither side got as far as punching (${said}); is the machine overloaded?`);
  const why = `no connection before the deadline and no packet shows why (${said})`;
  return { verdict: "blocked", cause: "timeout", at: "r", why };
}

function invalid(code: WorldFault["code"], message: string): Outcome {
  return { verdict: "invalid", why: message, fault: { code, message } };
}

function wordsOf(attempt: AttemptResult): string {
  return attempt.ok ? "connected" : `${attempt.failure}, ${attempt.detail}`;
}
