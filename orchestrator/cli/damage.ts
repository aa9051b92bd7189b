import { visible } from "../report/ladder/visible.ts";
import type { RecordedRun } from "../report/directory.ts";

const MOST = 5;

/** Says on stderr which parts of a run could not be read, that nobody takes what is shown for all there was. */
export function tellDamage({ damaged, report }: RecordedRun): void {
  const say = (line: string): void => void process.stderr.write(`natbed: ${visible(line)}\n`);
  for (const part of damaged.slice(0, MOST)) say(`${report.dir}: ${part} is damaged and left out`);
  if (damaged.length > MOST) say(`${report.dir}: ${damaged.length - MOST} more are damaged and left out`);
}
