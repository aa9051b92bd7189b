import { TCP_FLAG } from "../../wire/tcp.ts";
import { X_PORTS } from "../../wire/rendezvous.ts";
import { ADDRESS } from "../plan/addresses.ts";
import { conversationsOf, type Conversation } from "./conversation.ts";
import { flagsText, type Packet } from "./packet.ts";
import type { AgentRow, MappingRow, PacketRow, Row } from "./timeline.ts";

/** Rows that say the same of one packet after the other: bulk data, a flood, signalling. */
export interface Fold<R extends Row = Row> {
  readonly kind: "fold";
  /** At least two, in order of time. */
  readonly rows: readonly [R, R, ...R[]];
}

/** So many like packets in a trial are a flood and not a repetition. */
const FLOOD = 5;

const SIGNALLING: readonly number[] = [X_PORTS.rendezvous, ...X_PORTS.probes, X_PORTS.prober];

/**
 * Puts like rows together, each fold where its first row stands. A packet that is unlike all others ends the folds before it, so that what
 * came after it stands after it, and so does a change of a gateway or of X's link; what agents and conntrack said does not.
 */
export function foldRows(rows: readonly Row[]): readonly (Row | Fold)[] {
  const conversation = conversationsOf(rows.filter((row) => row.kind === "packet"));
  const likenesses = rows.map((row) => likenessOf(row, conversation));
  const counts = new Map<string, number>();
  for (const one of likenesses) counts.set(one, (counts.get(one) ?? 0) + 1);
  const groups: Row[][] = [];
  const open = new Map<string, Row[]>();
  rows.forEach((row, index) => {
    const likeness = likenesses[index]!;
    const many = likeness.startsWith("x ") || (counts.get(likeness) ?? 0) >= FLOOD;
    if (row.kind === "change" || (!many && row.kind === "packet")) open.clear();
    const known = many ? open.get(likeness) : undefined;
    if (known) known.push(row);
    else {
      const begun = [row];
      groups.push(begun);
      if (many) open.set(likeness, begun);
    }
  });
  return groups.map((group) => {
    const [one, two, ...others] = group;
    return two ? { kind: "fold" as const, rows: [one!, two, ...others] } : one!;
  });
}

/** Two rows with the same likeness differ in nothing but ports, numbers and time. */
function likenessOf(row: Row, conversation: Conversation): string {
  switch (row.kind) {
    case "packet":
      return likenessOfPacket(row, conversation);
    case "mapping":
      return likenessOfMapping(row);
    case "agent":
      return likenessOfWord(row);
    case "change":
      return `change ${row.node} ${row.atUs}`;
  }
}

function likenessOfPacket(row: PacketRow, conversation: Conversation): string {
  const { sightings, fate } = row;
  const [{ packet, node }] = sightings;
  const last = sightings.at(-1)!.node;
  const end = fate.kind === "died" ? `${fate.by} at ${fate.at}` : fate.kind;
  if (packet.kind !== "tcp") return `${packet.kind} ${node} ${last} ${nameOf(packet)} ${end}`;
  const { flags } = packet;
  if (fate.kind !== "died" && isSignalling(row)) return `x ${sideOf(row)}`;
  const decisive = flags & (TCP_FLAG.syn | TCP_FLAG.rst | TCP_FLAG.fin);
  // of what a search sends to one port after the other, each is a conversation of its own
  if (decisive || fate.kind === "died" || node === "x")
    return `${flagsText(flags)} ${node} ${last} ${packet.src} ${packet.dst} ${end}`;
  return `data ${conversation(packet)}`;
}

const nameOf = (packet: Packet): string => (packet.kind === "icmp" ? packet.error : "");

/** Whether a segment belongs to a host's own connections with X: its rendezvous and what predicts ports and measures TTLs. */
export function isSignalling({ sightings: [{ packet }] }: PacketRow): boolean {
  if (packet.kind !== "tcp") return false;
  return [packet.from, packet.to].some(({ ip, port }) => ip === ADDRESS.x && SIGNALLING.includes(port));
}

/** The host at the other end of a connection with X. */
function sideOf({ sightings }: PacketRow): string {
  const nodes = sightings.map(({ node }) => node);
  const side = (["a", "b"] as const).find((one) =>
    nodes.some((node) => node === one || node === `n${one}` || node === `c${one}`),
  );
  return side ?? nodes.join(" ");
}

function likenessOfMapping({ node, record: { event, state, original, protocol } }: MappingRow): string {
  const towards = [original.src, original.dst].some(({ ip }) => ip === ADDRESS.x) ? "x" : "";
  return towards
    ? `x mapping ${node}`
    : `mapping ${node} ${event} ${state} ${protocol} ${original.src.ip} ${original.dst.ip}`;
}

function likenessOfWord({ node, log: { what } }: AgentRow): string {
  return `agent ${node} ${what}`;
}
