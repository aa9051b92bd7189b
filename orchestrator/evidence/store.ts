import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NODE_IDS } from "../../wire/control.ts";
import { renderPcapng } from "../../wire/pcapng.ts";
import type { Evidence } from "./types.ts";

/** Writes a trial's evidence into `dir`, before anything is judged from it (I-10). */
export async function writeEvidence(dir: string, cellId: string, evidence: Evidence): Promise<void> {
  await mkdir(dir, { recursive: true });
  const { captures, logs, events, ...rest } = evidence;
  const flows = Object.fromEntries(
    Object.entries(captures).map(([node, { flows, fans, lost, sentinels }]) => [
      node,
      { flows, fans, lost, sentinels },
    ]),
  );
  const conntrack = Object.entries(events).flatMap(([node, of]) => of.map((event) => ({ node, ...event })));
  const packets = Object.values(captures).reduce((sum, { packets: kept }) => sum + kept.length, 0);
  const holds = { packets, events: conntrack.length, logs: logs.length };
  await Promise.all([
    writeFile(join(dir, "agents.jsonl"), lines(logs)),
    writeFile(join(dir, "conntrack.jsonl"), lines(conntrack.sort((one, other) => one.atUs - other.atUs))),
    writeFile(join(dir, "capture.pcapng"), renderCapture(cellId, evidence)),
    writeFile(join(dir, "evidence.json"), `${JSON.stringify({ ...rest, flows, holds })}\n`),
  ]);
}

/** One pcapng for the whole world: an interface per vantage point, named `node:interface`, packets in order of time. */
function renderCapture(cellId: string, { captures }: Evidence): Uint8Array {
  const interfaces: { name: string; description: string }[] = [];
  const packets = NODE_IDS.flatMap((node) => {
    const capture = captures[node];
    if (!capture) return [];
    const first = interfaces.length;
    for (const name of capture.interfaces)
      interfaces.push({ name: `${node}:${name}`, description: `${name} of ${node}` });
    return capture.packets.map(({ iface, direction, atUs, bytes, length }) => ({
      iface: first + iface,
      atUs,
      bytes,
      originalLength: length,
      direction: direction === "in" ? ("inbound" as const) : ("outbound" as const),
    }));
  });
  packets.sort((one, other) => one.atUs - other.atUs);
  return renderPcapng({ comment: `natbed ${cellId}`, interfaces, packets });
}

function lines(values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join("");
}
