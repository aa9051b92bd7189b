import { TCP_FLAG } from "../../../wire/tcp.ts";
import { X_PORTS } from "../../../wire/rendezvous.ts";
import { isSignalling } from "../../timeline/fold.ts";
import { flagsText } from "../../timeline/packet.ts";
import type { PacketRow, Timeline } from "../../timeline/timeline.ts";
import { endpointText, type Names } from "./names.ts";
import { arrowOf } from "./steps.ts";
import type { Arrow } from "./step.ts";

/** What a figure shows of a trial: the packets that open the connection, or those by which A predicts its next port. */
export type Subject = "connection" | "prediction";

/**
 * A trial as a drawing that is the same in every run of its cell: no times, ports by letters, what is sent again left out, a flood as one
 * arrow, and of packets that concern A and B at the same time A's first.
 */
export function figureOf({ rows }: Timeline, names: Names, subject: Subject): readonly Arrow[] {
  const shown = rows.filter((row) => row.kind === "packet").filter(subject === "prediction" ? predicts : connects);
  const ofKind = (kind: Kind) => shown.filter((row) => kindOf(row) === kind);
  const letters = lettersFor(subject === "prediction" ? 15 : 0);
  const arrows = [...inTurn(ofKind("opening")), ...bySide(ofKind("routed"))].map((row) => ({
    row,
    arrow: arrowOf(row, names, undefined),
  }));
  const floods = Map.groupBy(arrows, ({ row, arrow }) => shapeOf(row, arrow));
  const drawn = arrows.flatMap(({ row, arrow }): Arrow[] => {
    const others = floods.get(shapeOf(row, arrow))!;
    const text = others.length < FLOOD ? arrow.text : `many × ${arrow.text}`;
    // how many of a flood's packets hit is chance
    const first = others[0]!.row === row || subject === "prediction";
    return first ? [withoutNumbers({ ...arrow, text }, letters)] : [];
  });
  const once = drawn.filter((one, index) => drawn.findIndex((other) => sameArrow(one, other)) === index);
  return [...once, ...dataOf(ofKind("data"), names, letters)];
}

/** So many packets that differ in ports alone are a flood. */
const FLOOD = 20;

type Kind = "opening" | "routed" | "data";

function kindOf({ sightings: [{ packet }] }: PacketRow): Kind {
  if (packet.kind === "tcp" && packet.flags & (TCP_FLAG.syn | TCP_FLAG.rst)) return "opening";
  return packet.kind === "tcp" && packet.via !== undefined ? "routed" : "data";
}

/** A SYN by which A learns what its NAT gives to one connection after the other; a low TTL measures the way instead. */
function predicts({ sightings: [{ node, packet }] }: PacketRow): boolean {
  return node === "a" && packet.kind === "tcp" && isSyn(packet.flags) && packet.ttl === 64 && isProbe(packet.to.port);
}

const isProbe = (port: number): boolean => (X_PORTS.probes as readonly number[]).includes(port);
const isSyn = (flags: number): boolean => (flags & (TCP_FLAG.syn | TCP_FLAG.ack)) === TCP_FLAG.syn;

/**
 * SYNs and answers between A and B or in their names, the ACKs that went to X by a source route, and what the connection then carried from
 * end to end.
 */
function connects(row: PacketRow): boolean {
  const { packet } = row.sightings[0];
  if (packet.kind !== "tcp" || isSignalling(row)) return false;
  const end = row.sightings.at(-1)!.node;
  switch (kindOf(row)) {
    case "opening":
      return true;
    case "routed":
      return packet.payloadBytes === 0 && end === "x";
    case "data":
      return packet.payloadBytes > 0 && row.fate.kind === "arrived" && (end === "a" || end === "b");
  }
}

/** Of packets of one kind that follow each other, A's come first: which of two hosts is quicker says nothing. */
function inTurn(rows: readonly PacketRow[]): readonly PacketRow[] {
  const runs: PacketRow[][] = [];
  for (const row of rows) {
    const last = runs.at(-1);
    if (last && flagsOf(last[0]!) === flagsOf(row)) last.push(row);
    else runs.push([row]);
  }
  return runs.flatMap(bySide);
}

const flagsOf = ({ sightings: [{ packet }] }: PacketRow): string =>
  packet.kind === "tcp" ? flagsText(packet.flags) : "";

const bySide = (rows: readonly PacketRow[]): readonly PacketRow[] =>
  rows.toSorted((one, other) => sideOf(one) - sideOf(other));

/** Whom a packet concerns: who sent it, or of X's whom it is for. */
function sideOf({ sightings }: PacketRow): number {
  const host = sightings.map(({ node }) => node).find((node) => ["a", "na", "ca", "b", "nb", "cb"].includes(node));
  return host?.endsWith("a") ? 0 : 1;
}

/** One arrow both ways for all that the hosts sent each other. */
function dataOf(rows: readonly PacketRow[], names: Names, letters: Letters): readonly Arrow[] {
  const sent = rows.find(({ sightings: [{ node }] }) => node === "a");
  const received = rows.some(({ sightings: [{ node }] }) => node === "b");
  const packet = sent?.sightings[0].packet;
  if (!sent || packet?.kind !== "tcp") return [];
  const text = `data ${endpointText(names, packet.from)} ↔ ${endpointText(names, packet.to)}`;
  return [withoutNumbers({ ...arrowOf(sent, names, undefined), both: received, text }, letters)];
}

function withoutNumbers(arrow: Arrow, letters: Letters): Arrow {
  const plain = (words: string): string =>
    words
      .replace(/, \d+ B\b|, took [\d.]+ ms| [\d.]+ ms later/g, "")
      .replace(
        /\b(A|B|NA|NB|CA|CB|C):(\d+)/g,
        (_, name: string, port: string) => `${name}:${letters(name, Number(port))}`,
      );
  const { text, end } = arrow;
  return { ...arrow, text: plain(text), ...(end ? { end: { ...end, why: plain(end.why) } } : {}) };
}

/** A name for a port of a node. */
type Letters = (node: string, port: number) => string;

/**
 * `p` for the first port, another letter for another; with `near`, `p+1` for the next higher. A side's nodes share letters, so that a NAT that
 * preserves ports shows; that A and B have the same port would be chance.
 */
function lettersFor(near: number): Letters {
  const bases: { readonly side: string; readonly port: number }[] = [];
  return (node, port) => {
    const side = node.slice(-1);
    let index = bases.findIndex((base) => base.side === side && port >= base.port && port - base.port <= near);
    if (index === -1) index = bases.push({ side, port }) - 1;
    const letter = String.fromCharCode("p".charCodeAt(0) + index);
    const beyond = port - bases[index]!.port;
    return beyond === 0 ? letter : `${letter}+${beyond}`;
  };
}

function shapeOf(row: PacketRow, { way, end }: Arrow): string {
  const { packet } = row.sightings[0];
  return JSON.stringify([flagsOf(row), way, end?.kind, packet.kind === "tcp" ? [packet.src, packet.dst] : []]);
}

function sameArrow(one: Arrow, other: Arrow): boolean {
  const shape = ({ way, text, end }: Arrow) => JSON.stringify([way, text, end]);
  return shape(one) === shape(other);
}
