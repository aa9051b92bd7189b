import type { KeptContent, LadderContent } from "../../orchestrator/report/html/content.ts";

/** A connection that a NAT kept, as a bar beside the NAT's lane. */
export interface KeptColumn {
  readonly lane: number;
  /** 0 stands next to the lane. */
  readonly column: number;
  /** Numbers of the first and the last step of its life. */
  readonly from: number;
  readonly to: number;
  /** It began or ended while the ladder goes on. */
  readonly begins: boolean;
  readonly ends: boolean;
  readonly title: string;
}

/** More than so many beside one lane would hide it. */
const COLUMNS = 4;

/** Bars for what the NATs kept of A's and B's own connection; what belongs to the talk with X has none. */
export function keptColumns(kept: readonly KeptContent[], { steps }: LadderContent): readonly KeptColumn[] {
  const taken: KeptColumn[] = [];
  for (const { lane, fromMs, toMs, inside, outside, states, signalling, node } of kept) {
    if (signalling || lane < 0) continue;
    const after = steps.findIndex(({ ms }) => fromMs !== undefined && ms >= fromMs);
    const from = fromMs === undefined ? 0 : after === -1 ? steps.length : after;
    const to = toMs === undefined ? steps.length - 1 : steps.findLastIndex(({ ms }) => ms <= toMs);
    if (from > to) continue;
    const busy = new Set(
      taken.filter((one) => one.lane === lane && one.from <= to && from <= one.to).map(({ column }) => column),
    );
    const column = Array.from({ length: COLUMNS }, (_, at) => at).find((at) => !busy.has(at));
    if (column === undefined) continue;
    const title = `${node} keeps ${inside}; answers come as ${outside}; ${states}`;
    taken.push({ lane, column, from, to, begins: fromMs !== undefined, ends: toMs !== undefined, title });
  }
  return taken;
}
