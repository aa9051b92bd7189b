import { useEffect, useState } from "preact/hooks";
import type { CellContent, CellSummary, Overview, TrialLine } from "../../orchestrator/report/html/content.ts";
import { Copyable } from "./copyable.tsx";
import { readCell } from "./data.ts";
import { linkTo, type Place } from "./place.ts";
import { RateBar } from "./rate-bar.tsx";
import { Trial } from "./trial.tsx";

interface Shown {
  readonly overview: Overview;
  readonly number: number;
  readonly place: Place & { page: "cell" };
}

/** Page 2: one cell, with the ladder of one of its trials. */
export function CellPage({ overview, number, place }: Shown) {
  const cell = overview.cells[number]!;
  const content = useContent(number);
  const lines = content === "waiting" ? [] : (content?.trials ?? []);
  const shown = content === "waiting" ? [] : (content?.shown ?? []);
  const trial = shown.find(({ n }) => n === place.trial) ?? (place.trial === undefined ? shown[0] : undefined);
  const current = trial?.n ?? place.trial;
  return (
    <article class="cell-page">
      <Steps overview={overview} number={number} />
      <Head cell={cell} told={trial !== undefined && lines.length === 1} />
      {lines.length > 1 && <Trials id={cell.id} lines={lines} current={current} shown={shown.map(({ n }) => n)} />}
      {trial ? (
        <Trial key={trial.n} number={number} id={cell.id} trial={trial} step={place.step} />
      ) : (
        content !== "waiting" && <Absent dir={cell.dir} trial={current} line={lines.find(({ n }) => n === current)} />
      )}
    </article>
  );
}

/** A cell is unpacked when it is opened. */
function useContent(number: number): CellContent | "waiting" | undefined {
  const [content, setContent] = useState<CellContent | "waiting" | undefined>("waiting");
  useEffect(() => {
    let isCurrent = true;
    readCell(number).then(
      (read) => isCurrent && setContent(read),
      () => isCurrent && setContent(undefined),
    );
    return () => void (isCurrent = false);
  }, [number]);
  return content;
}

function Steps({ overview: { cells }, number }: Pick<Shown, "overview" | "number">) {
  const link = (at: number, text: string) => {
    const cell = cells[at];
    return cell ? (
      <a href={linkTo({ page: "cell", id: cell.id })} title={cell.id}>
        {text}
      </a>
    ) : (
      <span>{text}</span>
    );
  };
  return (
    <nav class="steps">
      <a href={linkTo({ page: "matrix" })}>← matrix</a>
      <span class="turn">
        {link(number - 1, "‹ previous")} <span>{`${number + 1} / ${cells.length}`}</span> {link(number + 1, "next ›")}
      </span>
    </nav>
  );
}

/** Where its only trial is shown below, that tells why. */
function Head({ cell, told }: { readonly cell: CellSummary; readonly told: boolean }) {
  const { id, block, na, nb, around, tone, surprise, symbol, verdict, expected, why, rate, took, before } = cell;
  return (
    <header class={`head tone-${tone}${surprise ? " surprised" : ""}`}>
      <h1>
        {block}
        <small>
          {na} ~ {nb}
        </small>
      </h1>
      <p class="mono id">{id}</p>
      <ul class="around">
        {around.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
      <p class="verdict">
        <b class={`sign tone-${tone}${surprise ? " surprise" : ""}`}>{symbol}</b> {verdict}
        <span class="expected">
          {surprise ? (
            <>
              <strong>a surprise:</strong> expected {expected}
            </>
          ) : (
            <>expected {expected}</>
          )}
          {before && <>; before {before.verdict}</>}; took {took}
        </span>
      </p>
      {rate && (
        <div class="rate-line">
          <RateBar rate={rate} />
        </div>
      )}
      {!told && <p class="why">{why}</p>}
      {cell.detail !== undefined && <pre class="detail">{cell.detail}</pre>}
      <Copyable text={cell.command} what="the command that runs this cell again" />
    </header>
  );
}

function Trials({
  id,
  lines,
  current,
  shown,
}: {
  readonly id: string;
  readonly lines: readonly TrialLine[];
  readonly current: number | undefined;
  readonly shown: readonly number[];
}) {
  return (
    <nav class="trials" aria-label="Trials">
      {lines.map(({ n, tone, verdict, why, took }) => (
        <a
          key={n}
          class={`tone-${tone}${shown.includes(n) ? "" : " thin"}`}
          aria-current={n === current ? "true" : undefined}
          href={linkTo({ page: "cell", id, trial: n })}
          title={`trial ${n}: ${verdict}, ${took}\n${why}`}
        >
          {n}
        </a>
      ))}
    </nav>
  );
}

function Absent({
  dir,
  trial,
  line,
}: {
  readonly dir: string;
  readonly trial: number | undefined;
  readonly line: TrialLine | undefined;
}) {
  return (
    <section class="note">
      {line && (
        <p>
          Trial {line.n}: {line.verdict}. {line.why}
        </p>
      )}
      <p>
        {trial === undefined
          ? "No evidence of this cell is in this page."
          : `The evidence of trial ${trial} is not in this page.`}{" "}
        What there is of it lies in the run directory, in{" "}
        <code>{trial === undefined ? dir : `${dir}/trial-${trial}`}</code>.
      </p>
    </section>
  );
}
