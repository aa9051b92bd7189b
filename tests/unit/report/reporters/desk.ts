import type { Desk } from "../../../../orchestrator/report/reporters/reporter.ts";
import { plain } from "../../../../orchestrator/report/words.ts";

/** A desk that keeps what is printed. */
export function openDesk(changes: Partial<Desk> = {}): { readonly desk: Desk; readonly printed: () => string } {
  const texts: Buffer[] = [];
  const print = (text: string | Uint8Array): void => void texts.push(Buffer.from(text));
  return {
    desk: { print, paint: plain, columns: 120, followed: false, env: {}, ...changes },
    printed: () => Buffer.concat(texts).toString(),
  };
}
