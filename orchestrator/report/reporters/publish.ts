import { NatbedError } from "../../errors.ts";
import type { RecordedRun } from "../directory.ts";
import { REPORTERS, type Wanted } from "./catalogue.ts";
import type { Desk, Reporter } from "./reporter.ts";

/** What became of a reporter's work: the file that it wrote, if it wrote one, or why there is nothing. */
export type Published =
  { readonly done: true; readonly file?: string } | { readonly done: false; readonly why: string };

/** Lets a reporter render a run. Its crash is a value: it stops neither other reporters nor the caller. */
export async function publish(
  run: RecordedRun,
  { name, to }: Wanted,
  desk: Omit<Desk, "to">,
  load: () => Promise<Reporter> = REPORTERS[name],
): Promise<Published> {
  try {
    const reporter = await load();
    // a copy: what one reporter does to the report, no other sees
    const file = await reporter(structuredClone(run), { ...desk, ...(to === undefined ? {} : { to }) });
    return { done: true, ...(file === undefined ? {} : { file }) };
  } catch (error) {
    return { done: false, why: whyOf(error) };
  }
}

function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof NatbedError && error.hint !== undefined ? `${error.message}: ${error.hint}` : error.message;
}
