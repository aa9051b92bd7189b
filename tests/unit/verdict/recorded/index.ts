import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { readEvidence } from "../../../../orchestrator/evidence/load.ts";
import type { Evidence } from "../../../../orchestrator/evidence/types.ts";
import type { Cell } from "../../../../orchestrator/scenario/cell.ts";

export const EVIDENCE_FILES = ["evidence.json", "capture.pcapng", "conntrack.jsonl", "agents.jsonl"] as const;
export type EvidenceFile = (typeof EVIDENCE_FILES)[number];

/** A cell, and the files of one trial of it as natbed wrote them, in base64. */
export interface Recorded {
  readonly cell: Cell;
  readonly files: Readonly<Record<EvidenceFile, string>>;
}

export const RECORDINGS = [
  "direct-forged",
  "direct-self-forged",
  "direct-crossed",
  "direct-plain",
  "relayed",
  "icmp-killed-connect",
  "port-exhausted",
  "no-collision",
  "mapping-mispredicted",
  "mispredicted-neighbour",
  "mispredicted-again",
  "reset-by-nat",
  "reset-by-host",
  "out-of-state-leak",
  "out-of-state-answer",
  "out-of-state-again",
  "icmp-refused",
  "out-of-state-drop",
  "direct-listener",
  "filtered-in-turn",
  "filtered",
  "direct-source-routed",
  "source-route-refused",
  "source-route-refused-by-core",
  "source-route-mistaken",
  "source-route-port-unread",
  "direct-carriers",
  "direct-hairpin",
  "direct-stateless",
  "mispredicted-behind-carrier",
  "reset-by-carrier",
  "reset-without-hairpin",
  "filtered-behind-carrier",
  "filtered-without-hairpin",
  "forged-under-own-address",
  "no-meeting",
  "direct-private",
  "spoof-filtered",
  "sweep-empty",
  "timeout",
  "spray-exhausted",
  "spray-missed",
  "blind-missed",
  "blind-refused",
  "direct-blind",
  "direct-injected",
  "injected-reset",
] as const;
export type Recording = (typeof RECORDINGS)[number];

/** The directory of a recorded trial, unpacked for as long as `use` takes. */
export async function withTrial<T>(name: Recording, use: (dir: string, cell: Cell) => Promise<T>): Promise<T> {
  const packed = gunzipSync(readFileSync(new URL(`${name}.json.gz`, import.meta.url)));
  const { cell, files } = JSON.parse(packed.toString()) as Recorded;
  const dir = mkdtempSync(join(tmpdir(), "natbed-recorded-"));
  try {
    for (const file of EVIDENCE_FILES) writeFileSync(join(dir, file), Buffer.from(files[file], "base64"));
    return await use(dir, cell);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Real evidence of a cell. */
export async function recorded(name: Recording): Promise<{ readonly cell: Cell; readonly evidence: Evidence }> {
  return withTrial(name, async (dir, cell) => ({ cell, evidence: await readEvidence(dir) }));
}
