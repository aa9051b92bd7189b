import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import type { NodeId } from "../../wire/control.ts";
import { readPcapng } from "../../wire/pcapng-reader.ts";
import type { PcapngCapture } from "../../wire/pcapng.ts";
import { NatbedError } from "../errors.ts";
import { seenBy } from "../evidence/load.ts";
import { agentLine, cellFile, conntrackLine, evidenceFile } from "../evidence/schema.ts";
import type { Capture } from "../evidence/types.ts";
import { gapsIn } from "../evidence/whole.ts";
import { CARRIER_IDS, type GatewayId } from "../plan/shape.ts";
import type { Cell } from "../scenario/cell.ts";
import type { TrialRecord } from "./record.ts";

/** What a cell's verdict depends on. */
export type RecordedCell = Pick<Cell, "id" | "na" | "nb" | "carrier" | "technique">;

/** As much of a trial as its directory holds, and what of it is missing or damaged. */
export interface RecordedTrial {
  readonly record: TrialRecord;
  readonly cell?: RecordedCell;
  readonly faults: readonly string[];
}

/**
 * Reads what there is of a trial: a run that was killed leaves files that are cut or missing, and the rest is worth showing. Throws NatbedError
 * `trial-unreadable` where there is neither a packet nor an event nor a log line.
 */
export async function readTrial(dir: string): Promise<RecordedTrial> {
  const faults: string[] = [];
  const [capture, evidence, conntrack, logs, cell] = await Promise.all([
    part("capture.pcapng", readCapture),
    part("evidence.json", (bytes) => evidenceFile.parse(JSON.parse(text(bytes)))),
    part("conntrack.jsonl", (bytes) => readLines("conntrack.jsonl", bytes, conntrackLine)),
    part("agents.jsonl", (bytes) => readLines("agents.jsonl", bytes, agentLine)),
    part("../cell.json", (bytes) => cellFile.parse(JSON.parse(text(bytes))) as unknown as RecordedCell),
  ]);
  const found = { capture, events: conntrack?.length, logs: logs?.length };
  for (const { file, what } of evidence ? gapsIn(evidence, found) : [])
    if (!faults.some((fault) => fault.startsWith(file))) faults.push(`${file} ${what}`); // else it is told already
  if (!capture?.packets.length && !conntrack?.length && !logs?.length)
    throw new NatbedError(`${dir} holds nothing of a trial`, {
      kind: "usage",
      code: "trial-unreadable",
      hint: "name the directory of a trial or of a cell, such as runs/<id>/cells/<cell>",
      detail: faults.join("\n"),
    });
  const eventsOf = (nat: GatewayId) => (conntrack ?? []).flatMap(({ node, ...event }) => (node === nat ? [event] : []));
  const carriers = CARRIER_IDS.filter((id) => conntrack?.some(({ node }) => node === id)).map((id) => [
    id,
    eventsOf(id),
  ]);
  const record: TrialRecord = {
    captures: capturesOf(capture ?? { interfaces: [], packets: [] }, evidence?.flows ?? {}),
    events: { na: eventsOf("na"), nb: eventsOf("nb"), ...Object.fromEntries(carriers) },
    logs: logs ?? [],
    ...(evidence ? { startedAtUs: evidence.startedAtUs } : {}),
    ...(evidence?.eventsBeyond ? { eventsBeyond: evidence.eventsBeyond } : {}),
    ...(evidence?.afterCut ? { afterCut: evidence.afterCut } : {}),
  };
  return { record, ...(cell ? { cell } : {}), faults };

  async function part<T>(name: string, parse: (bytes: Uint8Array) => T): Promise<T | undefined> {
    try {
      return parse(await readFile(join(dir, name)));
    } catch (error) {
      faults.push(`${name.replace("../", "")} ${isAbsence(error) ? "is missing" : "cannot be read"}`);
      return undefined;
    }
  }

  function readCapture(bytes: Uint8Array): PcapngCapture {
    const { capture: read, end } = readPcapng(bytes);
    if (end.kind === "stopped")
      faults.push(`capture.pcapng ends at byte ${end.offset}, behind ${read.packets.length} packets: ${end.reason}`);
    return read;
  }

  /** The lines that can be read. */
  function readLines<T>(name: string, bytes: Uint8Array, line: z.ZodType<T>): readonly T[] {
    const lines = text(bytes)
      .split("\n")
      .filter((one) => one !== "");
    const good = lines.flatMap((one) => parseLine(one, line));
    if (good.length < lines.length)
      faults.push(`${name}: ${lines.length - good.length} of ${lines.length} lines cannot be read`);
    return good;
  }
}

function parseLine<T>(line: string, schema: z.ZodType<T>): T[] {
  try {
    return [schema.parse(JSON.parse(line))];
  } catch {
    return [];
  }
}

/** Every node that has an interface in the capture; where nothing was counted, nothing is known to be missing. */
function capturesOf(
  capture: PcapngCapture,
  flows: Readonly<Partial<Record<NodeId, Pick<Capture, "flows" | "lost">>>>,
): TrialRecord["captures"] {
  const nodes = new Set([
    ...capture.interfaces.map(({ name }) => name.split(":")[0]!),
    ...Object.keys(flows),
  ]) as Set<NodeId>;
  return Object.fromEntries(
    [...nodes].map((node) => [node, { ...(flows[node] ?? { flows: [], lost: 0 }), ...seenBy(node, capture) }]),
  );
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function isAbsence(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
