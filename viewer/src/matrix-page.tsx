import type { Overview } from "../../orchestrator/report/html/content.ts";
import { Attention } from "./attention.tsx";
import { Copyable } from "./copyable.tsx";
import { isOf, KINDS, type Filter } from "./filter.ts";
import { Grid } from "./grid.tsx";
import { Plural } from "./plural.tsx";

interface Shown {
  readonly overview: Overview;
  readonly filter: Filter;
}

/** Page 1: what came of the run, what needs attention, and the matrix. */
export function MatrixPage({ overview, filter }: Shown) {
  const blocks = overview.blocks.filter(({ grids }) =>
    grids.some(({ cells }) => cells.flat().some((number) => number !== null && filter.shown.has(number))),
  );
  return (
    <>
      <Summary overview={overview} />
      <Attention overview={overview} shown={filter.shown} />
      <FilterBar overview={overview} filter={filter} />
      <div class="blocks">
        {blocks.map(({ title, grids }) => (
          <section class={grids.length > 1 ? "block large" : "block"} key={title}>
            <h2>{title}</h2>
            <div class="grids">
              {grids.map((grid) => (
                <Grid key={`${grid.caption} ${grid.corner}`} grid={grid} cells={overview.cells} shown={filter.shown} />
              ))}
            </div>
          </section>
        ))}
      </div>
      {blocks.length === 0 && <p class="note">No cell fits the filter.</p>}
      <Legend />
    </>
  );
}

function Summary({ overview }: Pick<Shown, "overview">) {
  const { title, counts, mood, ended, facts, command, damaged, baseline } = overview;
  return (
    <section class={`summary ${mood}`}>
      <h1>{title}</h1>
      <p class="counts">
        {counts}
        {ended && <strong> · {ended}</strong>}
      </p>
      <Shares overview={overview} />
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Copyable text={command} what="the command that runs all of it again" />
      {damaged.map((file) => (
        <p class="fault" key={file}>
          {file} is damaged and left out.
        </p>
      ))}
      {baseline && (
        <p class="baseline">
          Against run <span class="mono">{baseline.id}</span>: <Plural count={baseline.compared} one="cell" /> compared,{" "}
          <strong>{baseline.changed} changed</strong>
          {baseline.onlyBefore.length > 0 && (
            <span title={baseline.onlyBefore.join("\n")}>, {baseline.onlyBefore.length} only there</span>
          )}
          {baseline.onlyAfter.length > 0 && (
            <span title={baseline.onlyAfter.join("\n")}>, {baseline.onlyAfter.length} only here</span>
          )}
          .
        </p>
      )}
    </section>
  );
}

const TONES = ["direct", "relayed", "blocked", "invalid", "unknown", "unsupported", "error"] as const;

/** How many cells came out how, as a bar; the counts beside it say the same in words. */
function Shares({ overview: { cells } }: Pick<Shown, "overview">) {
  const counts = TONES.map((tone) => ({ tone, count: cells.filter((cell) => cell.tone === tone).length })).filter(
    ({ count }) => count > 0,
  );
  return (
    <div class="shares">
      <div class="share-bar" aria-hidden="true">
        {counts.map(({ tone, count }) => (
          <span key={tone} class={`tone-${tone}`} style={{ flexGrow: count }} />
        ))}
      </div>
      <ul>
        {counts.map(({ tone, count }) => (
          <li key={tone} class={`tone-${tone}`}>
            <i aria-hidden="true" /> {count} {tone}
          </li>
        ))}
      </ul>
    </div>
  );
}

function FilterBar({ overview, filter }: Shown) {
  const kinds = KINDS.map((kind) => ({ kind, count: overview.cells.filter((cell) => isOf(cell, kind)).length })).filter(
    ({ kind, count }) => count > 0 || kind === filter.kind,
  );
  return (
    <search class="filter">
      <input
        id="filter"
        type="search"
        placeholder="Filter: technique, NAT, cause …  ( / )"
        aria-label="Show only cells that contain"
        value={filter.text}
        onInput={(event) => filter.setText(event.currentTarget.value)}
      />
      <div class="kinds" role="group" aria-label="Show only">
        {kinds.map(({ kind, count }) => (
          <button
            type="button"
            key={kind}
            aria-pressed={kind === filter.kind}
            onClick={() => filter.setKind(kind === filter.kind ? "all" : kind)}
          >
            {kind} <small>{count}</small>
          </button>
        ))}
      </div>
      <output>
        {filter.shown.size} of <Plural count={overview.cells.length} one="cell" />
      </output>
    </search>
  );
}

const SIGNS = [
  ["tone-direct", "●", "direct"],
  ["tone-relayed", "◐", "relayed by X"],
  ["tone-blocked", "○", "blocked, with the cause"],
  ["surprise", "!", "not what the scenario expects"],
  ["tone-invalid", "?", "no result: the world or the evidence was not whole"],
  ["tone-unsupported", "–", "not tried: this kernel cannot"],
  ["tone-error", "E", "infrastructure error"],
] as const;

function Legend() {
  return (
    <footer class="legend">
      {SIGNS.map(([tone, sign, meaning]) => (
        <span key={sign}>
          <b class={`sign ${tone}`}>{sign}</b> {meaning}
        </span>
      ))}
      <span>
        <b class="sign changed">Δ</b> changed since the earlier run
      </span>
      <span class="keys">
        Keys: <kbd>/</kbd> filter, <kbd>←↑→↓</kbd> move, <kbd>Enter</kbd> open, <kbd>n</kbd> <kbd>p</kbd> next and
        previous cell, <kbd>Esc</kbd> back
      </span>
    </footer>
  );
}
