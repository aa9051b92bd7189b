import type { CrossingMap } from "./rates.ts";
import { drawing, text } from "./svg.ts";
import { crosses } from "./theory.ts";

const CELL = { width: 64, height: 34 };
const LEFT = 96;
const TOP = 52;
/** From this share on a cell is so dark that its text is white, in either theme. */
const DARK = 0.6;

/** The share of direct trials by skew (across) and one-way delay (down); a line where theory says that SYNs begin to cross. */
export function drawCrossings(map: CrossingMap): string {
  const { skewsMs, delaysMs, answer } = map;
  const size = {
    width: LEFT + skewsMs.length * CELL.width + 16,
    height: TOP + delaysMs.length * CELL.height + (answer === "drop" ? 12 : 32),
  };
  const about = `Simultaneous open, unsolicited SYNs answered with ${answer}: direct trials by skew and one-way delay`;
  const x = (column: number) => LEFT + column * CELL.width;
  const y = (row: number) => TOP + row * CELL.height;
  return drawing(size, about, [
    text(LEFT + (skewsMs.length * CELL.width) / 2, 18, "B's SYN is later by", { style: "head" }),
    text(8, 18, `SYN: ${answer}`, { anchor: "start", style: "head" }),
    text(8, TOP - 12, "one way", { anchor: "start", style: "faint" }),
    ...skewsMs.map((skew, column) => text(x(column) + CELL.width / 2, TOP - 12, `${skew} ms`, { style: "faint" })),
    ...delaysMs.map((delay, row) =>
      text(LEFT - 12, y(row) + CELL.height / 2 + 4, `${delay} ms`, { anchor: "end", style: "faint" }),
    ),
    ...delaysMs.flatMap((delay, row) => skewsMs.map((skew, column) => cell(map.at(skew, delay), x(column), y(row)))),
    ...(answer === "drop"
      ? []
      : [
          border(map, x, y),
          text(LEFT, size.height - 10, "theory: crossing left of the line", { anchor: "start", style: "faint" }),
        ]),
  ]);
}

function cell(rate: { direct: number; of: number } | undefined, x: number, y: number): string {
  const box = `x="${x + 1}" y="${y + 1}" width="${CELL.width - 2}" height="${CELL.height - 2}" rx="3"`;
  if (!rate) return `<rect class="empty" ${box}/>`;
  const share = rate.direct / rate.of;
  const label = text(x + CELL.width / 2, y + CELL.height / 2 + 4, `${rate.direct}/${rate.of}`, {
    style: share >= DARK ? "on" : "",
  });
  return `<rect class="share" fill-opacity="${(0.08 + 0.84 * share).toFixed(2)}" ${box}/>\n${label}`;
}

/** Between the cells where SYNs cross and those where the earlier one has arrived. */
function border({ skewsMs, delaysMs }: CrossingMap, x: (column: number) => number, y: (row: number) => number): string {
  const steps = delaysMs.map((delay, row) => {
    const first = skewsMs.findIndex((skew) => !crosses(skew, delay));
    const at = x(first < 0 ? skewsMs.length : first);
    return `${row === 0 ? "M" : "L"}${at} ${y(row)} L${at} ${y(row + 1)}`;
  });
  return `<path class="theory" d="${steps.join(" ")}"/>`;
}
