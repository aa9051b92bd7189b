import type { SearchPoint } from "./rates.ts";
import { drawing, text } from "./svg.ts";

const LEFT = 56;
const TOP = 40;
const SIZE = { width: 480, height: 180 };

/** The share of searches that were over after so many packets, beside what looking through `ports` in random order would be. */
export function drawSearches(about: string, points: readonly SearchPoint[], ports: number): string {
  const x = (packets: number): string => (LEFT + (Math.min(packets, ports) / ports) * SIZE.width).toFixed(1);
  const y = (share: number): string => (TOP + (1 - share) * SIZE.height).toFixed(1);
  const right = LEFT + SIZE.width;
  return drawing({ width: right + 24, height: TOP + SIZE.height + 56 }, about, [
    `<path class="bar" d="M${LEFT} 16 h24"/>`,
    text(LEFT + 32, 20, `found, one way ${points.map(({ at }) => at).join(", ")}`, { anchor: "start" }),
    `<path class="theory" d="M${LEFT + 240} 16 h24"/>`,
    text(LEFT + 272, 20, "theory", { anchor: "start" }),
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
      `<path class="axis" stroke-opacity="${share === 0 ? 1 : 0.3}" d="M${LEFT} ${y(share)} H${right}"/>`,
      text(LEFT - 8, Number(y(share)) + 4, `${share * 100} %`, { anchor: "end", style: "faint" }),
      text(Number(x(share * ports)), TOP + SIZE.height + 20, (share * ports).toFixed(0)),
    ]),
    `<path class="theory" d="M${LEFT} ${y(0)} L${right} ${y(1)}"/>`,
    ...points.map(({ packets, of }, index) => {
      const steps = packets.map((one, n) => `H${x(one)} V${y((n + 1) / of)}`);
      return `<path class="bar" fill="none" stroke-opacity="${1 - 0.45 * index}" d="M${LEFT} ${y(0)} ${steps.join(" ")} H${right}"/>`;
    }),
    text(LEFT + SIZE.width / 2, TOP + SIZE.height + 44, "packets", { style: "faint" }),
  ]);
}
