import type { NodeId } from "../../../wire/control.ts";
import { wrap } from "../columns.ts";
import type { Paint } from "../words.ts";
import { lanesOf } from "./lanes.ts";
import type { Arrow, Mark, Step } from "./step.ts";
import { straight } from "./way.ts";

const TIME = 9;
/** Between the last lane and the text. */
const MARGIN = 4;
const GAP = { least: 5, most: 12 };
const LEAST_TEXT = 30;

const GLYPH: Record<Mark, string> = {
  from: "o",
  unseen: "…",
  passed: "┼",
  rewritten: "◆",
  arrived: "│",
  died: "✗",
  lost: "?",
};

export const LEGEND =
  "o sent  ┼ passed on  ◆ passed on with another address, port or number  > arrived  ✗ died  ? not seen again  … not seen before";

interface Drawing {
  /** Steps have the time since then; absent: no times. */
  readonly startUs?: number;
  readonly paint: Paint;
  readonly columns: number;
}

/** A ladder for a terminal: a lane per node, a line per step, what it says at the right. */
export function renderLadder(steps: readonly Step[], { startUs, paint, columns }: Drawing): string {
  const lanes = lanesOf(steps);
  const time = startUs === undefined ? 0 : TIME;
  const spare = Math.floor((columns - time - MARGIN - LEAST_TEXT) / Math.max(1, lanes.length - 1));
  const gap = Math.min(GAP.most, Math.max(GAP.least, spare));
  const at = new Map(lanes.map((node, index) => [node, index * gap + 1]));
  const width = Math.max(0, lanes.length - 1) * gap + MARGIN;
  const textWidth = Math.max(LEAST_TEXT, columns - time - width);
  const head = (startUs === undefined ? "" : `${"ms".padStart(TIME - 1)} `) + header(lanes, at, width);
  const body = steps.flatMap((step) => {
    const lines = wrap(wording(step), textWidth);
    const rungs = [rung(step, at, width), ...lines.slice(1).map(() => idle(at, width))];
    const label = startUs === undefined ? "" : `${((step.atUs - startUs) / 1000).toFixed(2).padStart(TIME - 1)} `;
    return lines.map((text, index) => {
      const left = index === 0 ? paint("dim", label) : " ".repeat(label.length);
      return `${left}${rungs[index]}${paintText(step, text, paint)}`.trimEnd();
    });
  });
  return [paint("bold", head.trimEnd()), ...body].join("\n") + "\n";
}

function wording(step: Step): string {
  const mark = step.decisive ? "◀ " : "";
  if (step.kind === "word") return `${mark}· ${step.text}`;
  return `${mark}${step.text}${step.end ? `\n${step.end.kind === "died" ? "✗" : "?"} ${step.end.why}` : ""}`;
}

function paintText(step: Step, text: string, paint: Paint): string {
  if (step.decisive) return paint(["bold", "red"], text);
  if (step.kind === "word") return paint("dim", text);
  return /^[✗?] /.test(text) ? paint(step.end?.kind === "died" ? "red" : "yellow", text) : text;
}

type Places = ReadonlyMap<NodeId, number>;

function header(lanes: readonly NodeId[], at: Places, width: number): string {
  const line = Array.from({ length: width }, () => " ");
  for (const node of lanes) {
    const name = node.toUpperCase();
    const start = at.get(node)! - Math.floor(name.length / 2);
    name.split("").forEach((char, index) => (line[start + index] = char));
  }
  return line.join("");
}

/** The lanes with nothing between them. */
function idle(at: Places, width: number): string {
  const line = Array.from({ length: width }, () => " ");
  for (const place of at.values()) line[place] = "│";
  return line.join("");
}

function rung(step: Step, at: Places, width: number): string {
  const line = idle(at, width).split("");
  if (step.kind === "word") line[at.get(step.node)!] = "*";
  else drawArrow(line, step, at);
  return line.join("");
}

function drawArrow(line: string[], { way, both }: Arrow, at: Places): void {
  const stops = straight(way).map(({ node, mark }) => ({ place: at.get(node)!, mark }));
  stops.slice(1).forEach(({ place }, index) => {
    const [left, right] = [Math.min(place, stops[index]!.place), Math.max(place, stops[index]!.place)];
    for (let x = left + 1; x < right; x++) if (line[x] !== "│") line[x] = "─";
  });
  for (const { place, mark } of stops) line[place] = GLYPH[mark];
  const [first, last, before] = [stops[0]!, stops.at(-1)!, stops.at(-2)];
  if (!before) return;
  if (last.mark === "arrived")
    line[last.place + (before.place < last.place ? -1 : 1)] = before.place < last.place ? ">" : "<";
  if (!both) return;
  const second = stops[1]!;
  line[first.place] = GLYPH.arrived;
  line[first.place + (second.place < first.place ? -1 : 1)] = second.place < first.place ? ">" : "<";
}
