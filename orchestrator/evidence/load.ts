import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { NodeId } from "../../wire/control.ts";
import { readPcapng } from "../../wire/pcapng-reader.ts";
import type { PcapngCapture } from "../../wire/pcapng.ts";
import { NatbedError } from "../errors.ts";
import { CARRIER_IDS, type GatewayId } from "../plan/shape.ts";
import type { Cell } from "../scenario/cell.ts";
import { agentLine, cellFile, conntrackLine, evidenceFile } from "./schema.ts";
import type { Capture, Evidence } from "./types.ts";
import { gapsIn } from "./whole.ts";

/**
 * Reads a trial's evidence back from its directory: the inverse of writeEvidence. Throws NatbedError (usage,
 * `evidence-unreadable`) where a file is missing, cut or not what writeEvidence writes; half of the evidence is none.
 */
export async function readEvidence(dir: string): Promise<Evidence> {
  const [file, conntrack, logs, capture] = await Promise.all([
    readPart(dir, "evidence.json", (bytes) => evidenceFile.parse(JSON.parse(text(bytes)))),
    readPart(dir, "conntrack.jsonl", (bytes) => linesOf(bytes, conntrackLine)),
    readPart(dir, "agents.jsonl", (bytes) => linesOf(bytes, agentLine)),
    readPart(dir, "capture.pcapng", wholeCapture),
  ]);
  const [gap] = gapsIn(file, { capture, events: conntrack.length, logs: logs.length });
  if (gap) throw unreadable(dir, gap.file, `${gap.file} ${gap.what}`);
  const { flows, holds: _, ...rest } = file;
  const eventsOf = (nat: GatewayId) => conntrack.flatMap(({ node, ...event }) => (node === nat ? [event] : []));
  const carriers = CARRIER_IDS.filter((id) => id in flows).map((id) => [id, eventsOf(id)]);
  const events = { na: eventsOf("na"), nb: eventsOf("nb"), ...Object.fromEntries(carriers) };
  const captures = Object.entries(flows).map(([node, totals]) => [node, { ...totals, ...seenBy(node, capture) }]);
  return { ...rest, events, captures: Object.fromEntries(captures), logs };
}

/** Reads the cell that a trial's directory belongs to (`../cell.json`). Throws as readEvidence does. */
export async function readCell(dir: string): Promise<Pick<Cell, "id" | "na" | "nb" | "carrier" | "technique">> {
  return readPart(dir, "../cell.json", (bytes) => cellFile.parse(JSON.parse(text(bytes))) as unknown as Cell);
}

async function readPart<T>(dir: string, name: string, parse: (bytes: Uint8Array) => T): Promise<T> {
  try {
    return parse(await readFile(join(dir, name)));
  } catch (error) {
    throw unreadable(dir, name, error instanceof z.ZodError ? z.prettifyError(error) : String(error));
  }
}

function unreadable(dir: string, name: string, detail: string): NatbedError {
  return new NatbedError(`cannot read ${join(dir, name)} as a trial's evidence`, {
    kind: "usage",
    code: "evidence-unreadable",
    hint: `natbed explain ${dir} shows what there is of the trial`,
    detail,
  });
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function linesOf<T>(bytes: Uint8Array, line: z.ZodType<T>): readonly T[] {
  return text(bytes)
    .split("\n")
    .filter((one) => one !== "")
    .map((one) => line.parse(JSON.parse(one)));
}

function wholeCapture(bytes: Uint8Array): PcapngCapture {
  const { capture, end } = readPcapng(bytes);
  if (end.kind === "stopped") throw new Error(`capture ends at byte ${end.offset}: ${end.reason}`);
  return capture;
}

/** A node's own interfaces and packets; interfaces are named `node:interface`. */
export function seenBy(node: string, { interfaces, packets }: PcapngCapture): Pick<Capture, "interfaces" | "packets"> {
  const prefix = `${node as NodeId}:`;
  const own = interfaces.flatMap(({ name }, index) => (name.startsWith(prefix) ? [{ index, name }] : []));
  const positions = new Map(own.map(({ index }, position) => [index, position]));
  return {
    interfaces: own.map(({ name }) => name.slice(prefix.length)),
    packets: packets.flatMap(({ iface, atUs, bytes, originalLength, direction }) => {
      const position = positions.get(iface);
      if (position === undefined) return [];
      return [
        { iface: position, direction: direction === "outbound" ? "out" : "in", atUs, length: originalLength, bytes },
      ];
    }),
  };
}
