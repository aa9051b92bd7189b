import type { AgentLog } from "../evidence/types.ts";
import type { NodeId } from "../../wire/control.ts";
import type { ConntrackRecord } from "../../wire/evidence.ts";
import type { Layer } from "../plan/shape.ts";
import { changeOf, type Change } from "./change.ts";
import { fateOf, type Fate } from "./fate.ts";
import { journeysOf, type Journey } from "./journey.ts";
import type { Kept } from "./mapping.ts";
import type { TrialRecord } from "./record.ts";
import { surroundingsOf } from "./surroundings.ts";

/** One packet of a trial: its way and how that ended. */
export interface PacketRow extends Journey {
  readonly kind: "packet";
  readonly atUs: number;
  readonly fate: Fate;
}

/** A NAT's connection came, changed or went. */
export interface MappingRow {
  readonly kind: "mapping";
  readonly atUs: number;
  readonly node: NodeId;
  readonly record: ConntrackRecord;
}

/** An agent did something or was told something. */
export interface AgentRow {
  readonly kind: "agent";
  readonly atUs: number;
  readonly node: NodeId;
  readonly log: AgentLog;
}

/** Rules or settings of a gateway were replaced, or X's link at R was cut or restored. */
export interface ChangeRow {
  readonly kind: "change";
  readonly atUs: number;
  readonly node: NodeId;
  readonly change: Change;
}

export type Row = PacketRow | MappingRow | AgentRow | ChangeRow;

/** What happened in a trial, in order of time: every captured packet is in exactly one row. */
export interface Timeline {
  readonly startUs: number;
  readonly rows: readonly Row[];
  /** The connections that each gateway kept. */
  readonly kept: ReadonlyMap<NodeId, readonly Kept[]>;
}

/** Merges all that a trial left behind. `layers` are the gateways of its cell, where that is known: then a death can name the axis. */
export function timelineOf(record: TrialRecord, layers: readonly Layer[]): Timeline {
  const journeys = journeysOf(record);
  const around = surroundingsOf(record, journeys, layers);
  const packets = journeys.map((journey): PacketRow => ({
    kind: "packet",
    atUs: journey.sightings[0].atUs,
    ...journey,
    fate: fateOf(journey, around),
  }));
  const mappings = Object.entries(record.events).flatMap(([node, events]) =>
    events.map((one): MappingRow => ({ kind: "mapping", atUs: one.atUs, node: node as NodeId, record: one })),
  );
  const told = record.logs.map((log): AgentRow | ChangeRow => {
    const { atUs, node } = log;
    const change = changeOf(log);
    return change ? { kind: "change", atUs, node, change } : { kind: "agent", atUs, node, log };
  });
  const rows = [...packets, ...mappings, ...told].sort((one, other) => one.atUs - other.atUs);
  return { startUs: record.startedAtUs ?? rows[0]?.atUs ?? 0, rows, kept: around.kept };
}
