import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { NatbedError } from "../../errors.ts";
import { readEvidence } from "../../evidence/load.ts";
import type { Evidence } from "../../evidence/types.ts";
import { readTrial, type RecordedTrial } from "../../timeline/load.ts";
import type { TrialResult } from "../events.ts";
import type { ReadTrial, TextFile } from "./trial-content.ts";

/** Reads a trial for the page. What is missing or damaged is named in `faults`, and the rest is read; this throws for no trial. */
export async function readTrialFiles(runDir: string, { n, outcome, dir }: TrialResult): Promise<ReadTrial> {
  const place = join(runDir, dir);
  const faults: string[] = [];
  const [recorded, files, capture] = await Promise.all([
    recordedTrial(place, faults),
    textFiles(place, dir),
    captureAt(runDir, join(dir, "capture.pcapng")),
  ]);
  const evidence = recorded?.faults.length === 0 ? await wholeEvidence(place, faults) : undefined;
  return { n, outcome, recorded, evidence, files, faults: [...(recorded?.faults ?? []), ...faults], capture };
}

/** The capture as it is. */
export const readCapture = (runDir: string, path: string): Promise<Uint8Array> => readFile(join(runDir, path));

async function recordedTrial(place: string, faults: string[]): Promise<RecordedTrial | undefined> {
  try {
    return await readTrial(place);
  } catch (error) {
    faults.push(...faultsIn(error, place));
    return undefined;
  }
}

async function wholeEvidence(place: string, faults: string[]): Promise<Evidence | undefined> {
  try {
    return await readEvidence(place);
  } catch (error) {
    faults.push(...faultsIn(error, place));
    return undefined;
  }
}

/** What an error says is missing or damaged, without the place where this run's directory is today. */
function faultsIn(error: unknown, place: string): readonly string[] {
  if (!(error instanceof Error)) return [String(error)];
  const detail = error instanceof NatbedError && error.detail ? error.detail.split("\n") : [];
  return [error.message, ...detail].map((line) => line.replaceAll(place, "its directory"));
}

/** Rule-sets in the order of the path, then what was measured and planned. */
async function textFiles(place: string, dir: string): Promise<readonly TextFile[]> {
  const names = await readdir(place).catch((): string[] => []);
  const rules = names.filter((name) => name.endsWith(".rules")).toSorted();
  const wanted = [
    ...rules.map((name) => ({ name, title: `Rule-set of ${name.replace(".rules", "").toUpperCase()}` })),
    ...OTHERS.filter(({ name }) => names.includes(name)),
  ];
  return Promise.all(
    wanted.map(async ({ name, title }) => ({
      title,
      path: join(dir, name),
      text: await readFile(join(place, name), "utf8").catch((error: unknown) => `cannot be read: ${String(error)}`),
    })),
  );
}

const OTHERS = [
  { name: "calibration.json", title: "Calibration: what NATs and core were measured to do" },
  { name: "plan.json", title: "Plan of the attempt" },
];

async function captureAt(runDir: string, path: string): Promise<ReadTrial["capture"]> {
  const found = await stat(join(runDir, path)).catch(() => undefined);
  return found && { path, bytes: found.size };
}
