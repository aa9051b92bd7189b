import type { Sheet } from "../report/nat-table.ts";
import { paintFor } from "../report/words.ts";

/** Standard output as it is: without a terminal, lines stay whole. */
export function sheet(): Sheet {
  return { paint: paintFor(process.stdout), width: process.stdout.columns || Infinity };
}
