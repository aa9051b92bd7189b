import type { CellSummary, GridContent } from "../../orchestrator/report/html/content.ts";
import { linkTo } from "./place.ts";
import { RateBar } from "./rate-bar.tsx";

interface Shown {
  readonly grid: GridContent;
  readonly cells: readonly CellSummary[];
  readonly shown: ReadonlySet<number>;
}

/** One table of the matrix. Arrow keys move over its cells. */
export function Grid({ grid: { caption, corner, rows, columns, cells: numbers }, cells, shown }: Shown) {
  if (!numbers.flat().some((number) => number !== null && shown.has(number))) return null;
  return (
    <div class="scroll">
      <table class={columns.length > MANY ? "grid wide" : "grid"} onKeyDown={moveFocus}>
        {caption !== "" && <caption>{caption}</caption>}
        <thead>
          <tr>
            <th class="corner">{corner}</th>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={row}>
              <th scope="row">{row}</th>
              {numbers[at]!.map((number, column) => (
                <td key={columns[column]}>
                  {number !== null && <Cell cell={cells[number]!} faded={!shown.has(number)} />}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** More columns than fit side by side at their full size. */
const MANY = 8;

function Cell({ cell, faded }: { readonly cell: CellSummary; readonly faded: boolean }) {
  const { id, tone, surprise, symbol, short, verdict, expected, why, rate, before } = cell;
  const kind = `cell tone-${tone}${surprise ? " surprise" : ""}${faded ? " faded" : ""}`;
  const title = [
    id,
    `observed ${verdict}`,
    `expected ${expected}`,
    ...(before ? [`before ${before.verdict}`] : []),
    why,
  ];
  return (
    <a class={kind} href={linkTo({ page: "cell", id })} title={title.join("\n")} tabIndex={faded ? -1 : 0}>
      <b aria-hidden="true">{symbol}</b>
      <span>{short}</span>
      {before && <i class="delta">Δ</i>}
      {surprise && <span class="unseen"> (surprise: expected {expected})</span>}
      {rate && <RateBar rate={rate} />}
    </a>
  );
}

const STEPS: Readonly<Record<string, readonly [row: number, column: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

function moveFocus(event: KeyboardEvent): void {
  const step = STEPS[event.key];
  const cell = event.target instanceof Element ? event.target.closest("td") : null;
  const table = cell?.closest("table");
  if (!step || !cell || !table) return;
  const row = (cell.parentElement as HTMLTableRowElement).rowIndex + step[0];
  const link = table.rows[row]?.cells[cell.cellIndex + step[1]]?.querySelector("a");
  if (!link) return;
  event.preventDefault();
  link.focus();
}
