import { readEvidence } from "../../evidence/load.ts";
import { readTrial } from "../../timeline/load.ts";
import { ladderOf, type Ladder } from "./ladder.ts";

/** A trial's ladder, and what of its directory is missing or damaged; then it is shown, and not judged. */
export interface RecordedLadder {
  readonly ladder: Ladder;
  /** Of the cell, where its file can be read. */
  readonly id?: string;
  readonly faults: readonly string[];
}

/** Reads a trial's directory as far as it can be read. Throws NatbedError `trial-unreadable` where there is nothing of a trial. */
export async function readLadder(dir: string, { every }: { readonly every: boolean }): Promise<RecordedLadder> {
  const { record, cell, faults } = await readTrial(dir);
  const evidence = faults.length === 0 ? await readEvidence(dir) : undefined;
  return { ladder: ladderOf({ record, cell, evidence, every }), ...(cell ? { id: cell.id } : {}), faults };
}
