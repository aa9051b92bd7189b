import { Allowance } from "./allowance.ts";
import type { Listener } from "./channel.ts";

/** Lines at once and per second: a flood of strangers must not fill a disk. */
const LINES = { burst: 100, perSecond: 5 } as const;

/** What X refuses and fails at, as lines for whoever runs it; more of them than fit are counted. What guests do otherwise is theirs. */
export function refusalLog(write: (line: string) => void, clock?: () => number): Listener {
  const allowance = new Allowance(LINES, clock);
  let left = 0;
  return (what, detail) => {
    if (what !== "refused" && what !== "failed") return;
    if (!allowance.take(1)) return void (left += 1);
    if (left > 0) write(`${left} more refusals`);
    left = 0;
    const { from, reason } = detail as { readonly from?: string; readonly reason: string };
    write(`${what}${from === undefined ? "" : ` ${from}`}: ${reason.split("\n")[0]}`);
  };
}
