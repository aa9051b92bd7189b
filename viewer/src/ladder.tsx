import { useEffect, useRef, useState } from "preact/hooks";
import type { KeptContent, LadderContent, StepContent } from "../../orchestrator/report/html/content.ts";
import { keptColumns, type KeptColumn } from "./kept-columns.ts";
import { Plural } from "./plural.tsx";
import { RowView } from "./row-view.tsx";
import { Rung } from "./rung.tsx";

interface Shown {
  readonly ladder: LadderContent;
  readonly kept: readonly KeptContent[];
  /** The step that the address names. */
  readonly step: number | undefined;
  readonly toStep: (step: number) => string;
}

/** Lanes from host to host, a line per step; a step opens to its packets. */
export function Ladder({ ladder, kept, step, toStep }: Shown) {
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set(step === undefined ? [] : [step]));
  const [overlay, setOverlay] = useState(true);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    if (step === undefined) return;
    setOpen((before) => new Set([...before, step]));
    list.current?.children[step]?.scrollIntoView({ block: "center" });
  }, [step]);
  const toggle = (at: number): void =>
    setOpen((before) => new Set(before.has(at) ? [...before].filter((one) => one !== at) : [...before, at]));
  const columns = overlay ? keptColumns(kept, ladder) : [];
  const { lanes, steps, beyond, hidden } = ladder;
  return (
    <>
      <p class="controls">
        <label>
          <input type="checkbox" checked={overlay} onChange={(event) => setOverlay(event.currentTarget.checked)} /> what
          the NATs keep (conntrack)
        </label>
        <span class="marks">
          <b>◆</b> rewritten <b class="died">✕</b> died <b>?</b> not seen again <b>◀</b> decides
        </span>
      </p>
      <div class="ladder" style={{ "--lanes": String(lanes.length) }}>
        <div class="rung lanes" aria-hidden="true">
          <span class="ms">ms</span>
          <span class="way">
            {lanes.map((lane, at) => (
              <b key={lane} style={{ left: place(at, lanes.length) }}>
                {lane}
              </b>
            ))}
          </span>
        </div>
        <ol ref={list} onKeyDown={moveFocus}>
          {steps.map((one, at) => (
            <li key={at} class={kindOf(one, at === step)}>
              <button type="button" class="rung" aria-expanded={open.has(at)} onClick={() => toggle(at)}>
                <span class="ms">{one.ms.toFixed(2)}</span>
                <Rung step={one} lanes={lanes} kept={columns.filter((column) => covers(column, at))} at={at} />
                <Words step={one} />
              </button>
              {open.has(at) && <Opened step={one} ladder={ladder} link={toStep(at)} />}
            </li>
          ))}
        </ol>
      </div>
      {(beyond > 0 || hidden > 0) && (
        <p class="note">
          {beyond > 0 && (
            <>
              <Plural count={beyond} one="more step" /> not in this page.{" "}
            </>
          )}
          {hidden > 0 && <>{hidden} rows are folded or left out; natbed explain --all shows each.</>}
        </p>
      )}
    </>
  );
}

/** Where a lane is, from the left of all lanes. */
export const place = (lane: number, lanes: number): string => `${((lane + 0.5) / lanes) * 100}%`;

const covers = ({ from, to }: KeptColumn, at: number): boolean => from <= at && at <= to;

function kindOf({ decisive, end, way }: StepContent, isNamed: boolean): string {
  return [
    ...(decisive ? ["decisive"] : []),
    ...(way ? [] : ["word"]),
    ...(end ? [end.kind] : []),
    ...(isNamed ? ["named"] : []),
  ].join(" ");
}

function Words({ step: { text, end, decisive } }: { readonly step: StepContent }) {
  return (
    <span class="words">
      {decisive && <b title="the verdict's cause struck here">◀ </b>}
      {text}
      {end && <small>{`${end.kind === "died" ? "✕" : "?"} ${end.why}`}</small>}
    </span>
  );
}

function Opened({
  step: { rows, beyond },
  ladder,
  link,
}: {
  readonly step: StepContent;
  readonly ladder: LadderContent;
  readonly link: string;
}) {
  return (
    <div class="opened">
      {rows.map((row, at) => (
        <RowView key={at} row={row} bytes={ladder.bytes} alone={rows.length === 1} />
      ))}
      {beyond > 0 && (
        <p class="note">
          <Plural count={beyond} one="more packet" /> like these, not in this page.
        </p>
      )}
      <a class="link" href={link}>
        link to this step
      </a>
    </div>
  );
}

function moveFocus(event: KeyboardEvent): void {
  const step = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" } as const;
  const way = event.key === "ArrowUp" || event.key === "ArrowDown" ? step[event.key] : undefined;
  const item = event.target instanceof HTMLElement && event.target.matches(".rung") ? event.target.closest("li") : null;
  const next = way && item?.[way]?.querySelector<HTMLElement>(".rung");
  if (!next) return;
  event.preventDefault();
  next.focus();
}
