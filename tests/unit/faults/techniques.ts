import type { AttemptParameters } from "../../../wire/attempt.ts";
import type { TechniqueSpec } from "../../../wire/technique.ts";
import type { HostMessage } from "../../../wire/rendezvous.ts";
import { STRANGER } from "../nat/laboratory.ts";
import { ipv4, port } from "../../../wire/address.ts";
import { PEER_PORT, type Meeting } from "./meeting.ts";

const punch = { predictionOffset: 0, gapMs: 0, skewMs: 0 };

/** An attempt that waits for this deadline has waited for nothing. */
const FAR_DEADLINE_MS = 30_000;
export const AT_ONCE_MS = 5_000;

/** What a peer says after its hello when all goes well, up to the end: these words lead the host through all of its phases. */
interface Course {
  readonly technique: TechniqueSpec;
  readonly host: "a" | "b";
  readonly words: readonly HostMessage[];
}

const endpoint = { ip: ipv4(STRANGER), port: port(PEER_PORT) };
const ready: HostMessage = { t: "ready", endpoint };
const syn: HostMessage = {
  t: "syn",
  syn: { isn: 1, window: 64_240, mss: 1460, windowScale: 7, sackPermitted: true, tsval: 1 },
};
const waiting: HostMessage = { t: "waiting" };

/** Every technique whose host can be led by words alone, on the side that waits most. */
export const COURSES: readonly Course[] = [
  { technique: { name: "connect" }, host: "a", words: [ready] },
  { technique: { name: "relay" }, host: "a", words: [] },
  { technique: { name: "simultaneous-open", syn: "normal", retryMs: 200, ...punch }, host: "a", words: [ready] },
  { technique: { name: "p2pnat", retryMs: 200, ...punch }, host: "a", words: [ready] },
  { technique: { name: "sequential-open", doomedMs: 50, ...punch }, host: "a", words: [ready] },
  { technique: { name: "stunt-2", syn: "normal", socket: "kept", ...punch }, host: "b", words: [ready, waiting] },
  { technique: { name: "natblaster-2", syn: "normal", synAck: "x", ...punch }, host: "a", words: [ready, syn] },
  {
    technique: { name: "natblaster-4", search: "birthday", syns: 50, ...punch },
    host: "b",
    words: [{ t: "hit", endpoint }, syn],
  },
];

export function course(name: TechniqueSpec["name"]): Course {
  const found = COURSES.find(({ technique }) => technique.name === name);
  if (!found) throw new Error(`no course of ${name}`);
  return found;
}

interface Phase extends Course {
  /** So many words have been said. */
  readonly said: number;
  readonly deadlineMs?: number;
}

/** The host has rules of its own and floods. */
export const FLOODING: Phase = { ...course("natblaster-4"), host: "a", words: [ready], said: 1 };

/** Every course up to each of its words: all phases that there are. */
export const PHASES = COURSES.flatMap((one) =>
  Array.from({ length: one.words.length + 1 }, (_, said) => ({ name: one.technique.name, said, ...one })),
);

/** Begins an attempt and has the peer say what leads the host to a phase. */
export async function comeTo(meeting: Meeting, phase: Phase, more: Partial<AttemptParameters> = {}) {
  const { technique, host, words, said, deadlineMs = FAR_DEADLINE_MS } = phase;
  const files = meeting.host.openFiles;
  const attempt = meeting.attempt(technique, { role: host, deadlineMs, ...more });
  const peer = meeting.peer(technique, host === "a" ? "b" : "a");
  await peer.hears("paired");
  const floods = technique.name === "natblaster-4" && host === "a";
  if (said > 0 && !floods) await meeting.host.does("tell", { t: "ready" }); // what is said before concerns nobody yet
  for (const word of words.slice(0, said)) {
    peer.say(word);
    await meeting.xHasHeard();
  }
  return { attempt, peer, files, began: performance.now() };
}
