import { isResult } from "../verdict/outcome.ts";
import { columns as table } from "./columns.ts";
import type { CellResult, RunReport } from "./events.ts";
import * as words from "./words.ts";
import type { Paint } from "./words.ts";

/** A cell of which two runs say different things. */
export interface Change {
  readonly id: string;
  /** What differs; a rate does where its 95 % intervals have nothing in common. */
  readonly what: "verdict" | "cause" | "rate";
  readonly before: CellResult;
  readonly after: CellResult;
}

/** What two runs have in common, and where they differ. Cells of one of them alone are no changes. */
export interface Difference {
  readonly changes: readonly Change[];
  readonly compared: number;
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
}

type Compared = Pick<RunReport, "cells">;

export function compareRuns(before: Compared, after: Compared): Difference {
  const [old, now] = [before, after].map(({ cells }) => new Map(cells.map((result) => [result.cell.id, result])));
  const shared = [...old!].flatMap(([id, one]) => {
    const other = now!.get(id);
    return other ? [{ id, before: one, after: other }] : [];
  });
  return {
    changes: shared.flatMap((pair) => {
      const what = changeOf(pair.before, pair.after);
      return what ? [{ ...pair, what }] : [];
    }),
    compared: shared.length,
    onlyBefore: [...old!.keys()].filter((id) => !now!.has(id)),
    onlyAfter: [...now!.keys()].filter((id) => !old!.has(id)),
  };
}

/**
 * Of several trials the rate counts, and not what their commonest outcome is: that may be chance. Where no trial of either was direct, the
 * cause counts again.
 */
function changeOf(before: CellResult, after: CellResult): Change["what"] | undefined {
  const [one, other] = [before.rate, after.rate];
  if (one && other && isResultful(before) && isResultful(after)) {
    if (one.high < other.low || other.high < one.low) return "rate";
    return one.direct === 0 && other.direct === 0 && before.cause !== after.cause ? "cause" : undefined;
  }
  if (before.verdict !== after.verdict) return "verdict";
  return before.cause === after.cause ? undefined : "cause";
}

const isResultful = (result: CellResult): boolean => result.verdict !== "error" && isResult(result);

/** A line per change, what became of it in red where it is a surprise now, and how much was compared. */
export function renderDifference(
  { changes, compared, onlyBefore, onlyAfter }: Difference,
  { paint, columns }: { readonly paint: Paint; readonly columns: number },
): string {
  const rows = changes.map(({ id, what, before, after }) => [
    words.paintResult(after, words.symbolOf(after), paint),
    id,
    what,
    `${words.verdictText(before)} → ${words.paintResult(after, words.verdictText(after), paint)}`,
  ]);
  const alone = [
    ...(onlyBefore.length > 0 ? [`${onlyBefore.length} only in the first run`] : []),
    ...(onlyAfter.length > 0 ? [`${onlyAfter.length} only in the second`] : []),
  ];
  const summary = [
    `${compared} ${compared === 1 ? "cell" : "cells"} compared, ${changes.length} changed`,
    ...alone,
  ].join(", ");
  return `${rows.length > 0 ? `${table(rows, columns)}\n\n` : ""}${paint("bold", summary)}\n`;
}
