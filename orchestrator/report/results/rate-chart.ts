import type { RatePoint } from "./rates.ts";
import { drawing, text } from "./svg.ts";

const STEP = 84;
const LEFT = 56;
const TOP = 40;
const HEIGHT = 180;

/** Measured shares with their 95 % intervals, and theory, side by side for every value that was varied. */
export function drawRates(about: string, axis: string, points: readonly RatePoint[]): string {
  const right = LEFT + points.length * STEP;
  const y = (share: number): string => (TOP + (1 - share) * HEIGHT).toFixed(1);
  const x = (index: number): number => LEFT + (index + 0.5) * STEP;
  return drawing({ width: right + 24, height: TOP + HEIGHT + 56 }, about, [
    `<circle class="share" cx="${LEFT + 6}" cy="16" r="4"/>`,
    text(LEFT + 18, 20, "direct trials, 95 % interval", { anchor: "start" }),
    `<path class="theory" d="M${LEFT + 190} 16 h24"/>`,
    text(LEFT + 222, 20, "theory", { anchor: "start" }),
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
      `<path class="axis" stroke-opacity="${share === 0 ? 1 : 0.3}" d="M${LEFT} ${y(share)} H${right}"/>`,
      text(LEFT - 8, Number(y(share)) + 4, `${share * 100} %`, { anchor: "end", style: "faint" }),
    ]),
    `<path class="theory" d="${points.map(({ theory }, index) => `${index === 0 ? "M" : "L"}${x(index)} ${y(theory)}`).join(" ")}"/>`,
    ...points.flatMap(({ direct, of, low, high, theory, at }, index) => [
      `<circle class="mark" cx="${x(index)}" cy="${y(theory)}" r="3"/>`,
      `<path class="bar" d="M${x(index)} ${y(low)} V${y(high)} M${x(index) - 5} ${y(low)} h10 M${x(index) - 5} ${y(high)} h10"/>`,
      `<circle class="share" cx="${x(index)}" cy="${y(direct / of)}" r="4"/>`,
      text(x(index), TOP + HEIGHT + 20, at),
    ]),
    text(LEFT + (points.length * STEP) / 2, TOP + HEIGHT + 44, axis, { style: "faint" }),
  ]);
}
