import type { NodeId } from "../../../wire/control.ts";
import type { Fold } from "../../timeline/fold.ts";
import { rewritesOf } from "../../timeline/rewrite.ts";
import type { Row } from "../../timeline/timeline.ts";
import { renderLadder } from "../ladder/ascii.ts";
import type { Ladder } from "../ladder/ladder.ts";
import { lanesOf } from "../ladder/lanes.ts";
import { withNames, type Names } from "../ladder/names.ts";
import type { Step } from "../ladder/step.ts";
import { visible } from "../ladder/visible.ts";
import { straight } from "../ladder/way.ts";
import { plain } from "../words.ts";
import type { LadderContent, RowContent, StepContent } from "./content.ts";
import type { Detail } from "./detail.ts";

const TEXT_COLUMNS = 150;

/** A ladder for the page: each step with the packets, events and words that it stands for. */
export function ladderContent(ladder: Ladder, detail: Detail): LadderContent {
  const { startUs, steps, rungs, hidden, names } = ladder;
  const lanes = lanesOf(steps);
  const bytes = new Numbered();
  const shown = steps.slice(0, detail.steps);
  const page = { startUs, lanes, names, bytes, detail };
  return {
    lanes: lanes.map((node) => node.toUpperCase()),
    steps: shown.map((step, index) => stepContent(step, rungs[index]!, page)),
    beyond: steps.length - shown.length,
    hidden,
    bytes: bytes.values,
    text: detail.text ? renderLadder(shown, { startUs, paint: plain, columns: TEXT_COLUMNS }) : "",
  };
}

interface Page {
  readonly startUs: number;
  readonly lanes: readonly NodeId[];
  readonly names: Names;
  readonly bytes: Numbered;
  readonly detail: Detail;
}

function stepContent(step: Step, rung: Row | Fold, page: Page): StepContent {
  const { startUs, lanes, detail } = page;
  const rows = rung.kind === "fold" ? rung.rows : [rung];
  const shown = rows.slice(0, Math.min(detail.rowsPerFold, rung.kind === "fold" ? Infinity : 1));
  const shared = {
    ms: msSince(startUs, step.atUs),
    text: step.text,
    ...(step.decisive ? { decisive: true as const } : {}),
    rows: shown.map((row) => rowContent(row, page)),
    beyond: rows.length - shown.length,
  };
  if (step.kind === "word") return { ...shared, lane: lanes.indexOf(step.node) };
  return {
    ...shared,
    way: straight(step.way).map(({ node, mark }) => [lanes.indexOf(node), mark]),
    ...(step.both ? { both: true as const } : {}),
    ...(step.end ? { end: { kind: step.end.kind, why: visible(step.end.why) } } : {}),
  };
}

function rowContent(row: Row, { startUs, names, bytes }: Page): RowContent {
  const ms = msSince(startUs, row.atUs);
  if (row.kind === "mapping") return { ms, detail: visible(JSON.stringify(row.record)) };
  if (row.kind === "agent") return { ms, detail: visible(JSON.stringify(row.log.detail ?? {})) };
  if (row.kind === "change") return { ms, detail: visible(JSON.stringify(row.change)) };
  const { fate } = row;
  const rewrites = rewritesOf(row).map(({ at, field, from, to }) => `${at.toUpperCase()}: ${field} ${from} → ${to}`);
  return {
    ms,
    seen: row.sightings.map((one) => [
      visible(`${one.node}:${one.iface}`),
      one.direction,
      msSince(startUs, one.atUs),
      bytes.numberOf(one.bytes),
    ]),
    ...(rewrites.length > 0 ? { rewrites } : {}),
    fate: visible(
      fate.kind === "arrived"
        ? `arrived at ${row.sightings.at(-1)!.node.toUpperCase()}`
        : `${fate.kind === "died" ? `died at ${fate.at.toUpperCase()} of ${fate.by}` : "not followed to its end"}: ${withNames(names, fate.why)}`,
    ),
  };
}

/** To the microsecond. */
export const msSince = (startUs: number, atUs: number): number => Math.round(atUs - startUs) / 1000;

/** Packets by number, each once. */
class Numbered {
  readonly values: string[] = [];
  readonly #known = new Map<string, number>();

  numberOf(bytes: Uint8Array): number {
    const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
    const known = this.#known.get(hex);
    if (known !== undefined) return known;
    this.#known.set(hex, this.values.length);
    return this.values.push(hex) - 1;
  }
}
