import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RecordedRun } from "../directory.ts";
import type { RunReport } from "../events.ts";
import { toldOf } from "../output.ts";
import type { Paint } from "../words.ts";

/**
 * Renders a run from what its directory holds, and writes that where the desk says. It has no way to the run itself: what it throws is told and
 * changes nothing. Returns the file that it wrote, where it wrote one.
 */
export type Reporter = (run: RecordedRun, desk: Desk) => Promise<string | undefined>;

/** Where a reporter's text goes, and what it may know of that place. */
export interface Desk {
  /** A file instead of the reporter's own place; `-` is `print`. */
  readonly to?: string;
  readonly print: (text: string | Uint8Array) => void;
  readonly paint: Paint;
  /** Of the terminal that `print` writes to. */
  readonly columns: number;
  /** Somebody saw every cell when it was finished. */
  readonly followed: boolean;
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** An earlier run to compare with; html shows what changed. */
  readonly before?: RunReport;
}

/** Writes to the file that was asked for, else to the reporter's own in the run directory. */
export async function deliver(
  { report }: RecordedRun,
  { to, print }: Desk,
  { name, content }: { readonly name: string; readonly content: string | Uint8Array },
): Promise<string | undefined> {
  if (to === "-") {
    print(content);
    return undefined;
  }
  const file = to ?? join(report.dir, name);
  await writeFile(file, content).catch((error: unknown) => {
    throw toldOf(file, error);
  });
  return file;
}

/** The same for a reporter that prints unless a file was asked for. */
export async function printOrWrite(run: RecordedRun, desk: Desk, content: string): Promise<string | undefined> {
  return deliver(run, { ...desk, to: desk.to ?? "-" }, { name: "", content });
}
