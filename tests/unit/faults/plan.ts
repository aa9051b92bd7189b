import type { AttemptResult } from "../../../wire/attempt.ts";
import type { HostRole } from "../../../wire/rendezvous.ts";
import type { Traversal } from "../../../wire/technique.ts";
import { OFFER_VERSION, type Offer } from "../../../wire/traits.ts";
import { ipv4 } from "../../../wire/address.ts";
import { STRANGER } from "../nat/laboratory.ts";
import type { Visit } from "../x/visit.ts";
import type { Meeting } from "./meeting.ts";

/** A home router's NAT, as the scripted peer says it has one. */
const PEERS_NAT = {
  outside: ipv4(STRANGER),
  rttMs: 1,
  ports: "preserved",
  open: false,
  refusal: "silence",
  ttlError: true,
  crossing: true,
  sequenceKept: true,
  sourceRoute: "refuse",
} as const;

export interface Lobby {
  readonly attempt: Promise<AttemptResult>;
  /** The peer in the lobby. */
  readonly peer: Visit;
  readonly session: string;
  readonly files: number;
}

interface Asked {
  readonly withinMs?: number;
  readonly deadlineMs?: number;
  readonly offer?: Partial<Offer>;
}

/** Begins `auto` on the host, as a; its peer, played by the test, has come and said what it has. */
export async function comeToPlan(
  meeting: Meeting,
  { withinMs = 30_000, deadlineMs = 10_000, offer = {} }: Asked = {},
): Promise<Lobby> {
  const technique = { name: "auto", withinMs } as const;
  const [files, session] = [meeting.host.openFiles, meeting.nextSession];
  const attempt = meeting.attempt(technique, { deadlineMs });
  const peer = meeting.peer(technique);
  await peer.hears("paired");
  peer.say({ t: "offer", offer: { v: OFFER_VERSION, capabilities: ["raw", "admin"], nat: PEERS_NAT, ...offer } });
  await meeting.host.does("plan");
  return { attempt, peer, session, files };
}

/** The step's technique once the host has begun it, and the peer's coming to its session. */
export async function comeToStep(
  meeting: Meeting,
  session: string,
  step: number,
): Promise<{ technique: Traversal; peer: Visit }> {
  const begun = await meeting.host.does("step", { step });
  const { technique, role } = begun as { readonly technique: Traversal; readonly role: HostRole };
  const peer = meeting.peer(technique, role === "a" ? "b" : "a", { session: `${session}.${step}` });
  await peer.hears("paired");
  return { technique, peer };
}

/** What the host has tried, as `technique failure`. */
export const triedIn = ({ tried = [] }: AttemptResult): readonly string[] =>
  tried.map(({ technique, failure }) => `${technique.name} ${failure ?? "ok"}`);
