import type { NodeId } from "../../../wire/control.ts";
import { lanesOf } from "./lanes.ts";
import type { Arrow, Step } from "./step.ts";
import { straight } from "./way.ts";

/** In pixels. */
const SIZE = { time: 76, lane: 84, line: 17, head: 30, margin: 14, char: 6.7 } as const;

const STYLE = `
  svg { font: 11px ui-monospace, "DejaVu Sans Mono", monospace; background: Canvas; color: CanvasText; color-scheme: light dark; }
  text { fill: currentColor; white-space: pre; }
  .lane { stroke: currentColor; stroke-opacity: .25; }
  .way { stroke: currentColor; fill: none; }
  .mark { fill: currentColor; }
  .note, .time { opacity: .65; }
  .died { stroke: #d33; } text.died, .mark.died { stroke: none; fill: #d33; }
  .decisive text { font-weight: bold; }
`;

/** A ladder as a drawing of its own: no script, nothing loaded, in the reader's own light or dark. */
export function renderSvg(
  steps: readonly Step[],
  { startUs, title }: { readonly startUs: number; readonly title: string },
): string {
  const lanes = lanesOf(steps);
  const places = new Map(lanes.map((node, index) => [node, SIZE.time + SIZE.margin + index * SIZE.lane]));
  const textAt = SIZE.time + SIZE.margin + (lanes.length - 1) * SIZE.lane + 2 * SIZE.margin;
  let y = SIZE.head + SIZE.line;
  const rows = steps.map((step) => {
    const row = rowOf(step, { y, places, textAt, ms: ((step.atUs - startUs) / 1000).toFixed(2) });
    y += SIZE.line * linesOf(step).length;
    return row;
  });
  const longest = Math.max(0, ...steps.flatMap((step) => linesOf(step).map((line) => line.length)));
  const [width, height] = [Math.ceil(textAt + longest * SIZE.char + SIZE.margin), y + SIZE.margin];
  const columns = [...places].map(
    ([node, x]) =>
      `<line class="lane" x1="${x}" y1="${SIZE.head - 6}" x2="${x}" y2="${height - SIZE.margin}"/>` +
      `<text x="${x}" y="${SIZE.head - 12}" text-anchor="middle">${node.toUpperCase()}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    ...columns,
    ...rows,
    "</svg>",
    "",
  ].join("\n");
}

interface Place {
  readonly y: number;
  readonly places: ReadonlyMap<NodeId, number>;
  readonly textAt: number;
  readonly ms: string;
}

/** What a step says: its own line, and another for how a packet ended. */
function linesOf(step: Step): readonly string[] {
  const mark = step.decisive ? "◀ " : "";
  if (step.kind === "word") return [`${mark}· ${step.text}`];
  return [`${mark}${step.text}`, ...(step.end ? [`${step.end.kind === "died" ? "✗" : "?"} ${step.end.why}`] : [])];
}

function rowOf(step: Step, { y, places, textAt, ms }: Place): string {
  const drawing = step.kind === "word" ? dot(places.get(step.node)!, y - 4, "note") : drawingOf(step, y - 4, places);
  const texts = linesOf(step).map((line, index) => {
    const kind = step.kind === "word" ? "note" : index > 0 && step.end?.kind === "died" ? "died" : "";
    return `<text class="${kind}" x="${textAt}" y="${y + index * SIZE.line}">${escaped(line)}</text>`;
  });
  const time = `<text class="time" x="${SIZE.time - SIZE.margin}" y="${y}" text-anchor="end">${ms}</text>`;
  return `<g${step.decisive ? ' class="decisive"' : ""}>${time}${drawing}${texts.join("")}</g>`;
}

function drawingOf(step: Arrow, y: number, places: ReadonlyMap<NodeId, number>): string {
  const stops = straight(step.way).map(({ node, mark }) => ({ x: places.get(node)!, mark }));
  const [first, last, before] = [stops[0]!, stops.at(-1)!, stops.at(-2)];
  const kind = step.end?.kind === "died" ? " died" : "";
  const way = stops.map(({ x }) => `${x},${y}`).join(" ");
  const heads = [
    ...(before && last.mark === "arrived" ? [arrowhead(last.x, y, before.x < last.x)] : []),
    ...(step.both && stops[1] ? [arrowhead(first.x, y, stops[1].x < first.x)] : []),
  ];
  const marks = stops.map(({ x, mark }) => {
    switch (mark) {
      case "from":
      case "unseen":
        return step.both ? "" : dot(x, y, mark === "unseen" ? "note" : "");
      case "passed":
      case "arrived":
        return "";
      case "rewritten":
        return `<path class="mark" d="M${x - 5} ${y}l5 -5l5 5l-5 5z"/>`;
      case "died":
      case "lost":
        return `<path class="way${kind}" stroke-width="2" d="M${x - 4} ${y - 4}l8 8m-8 0l8 -8"/>`;
    }
  });
  return `<polyline class="way${kind}" points="${way}"/>${heads.join("")}${marks.join("")}`;
}

function arrowhead(x: number, y: number, toTheRight: boolean): string {
  const back = toTheRight ? -8 : 8;
  return `<path class="mark" d="M${x} ${y}l${back} -4v8z"/>`;
}

const dot = (x: number, y: number, kind: string): string => `<circle class="mark ${kind}" cx="${x}" cy="${y}" r="3"/>`;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char]!);
}
