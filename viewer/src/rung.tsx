import type { LaneMark, StepContent } from "../../orchestrator/report/html/content.ts";
import type { KeptColumn } from "./kept-columns.ts";
import { place } from "./ladder.tsx";

interface Shown {
  readonly step: StepContent;
  readonly lanes: readonly string[];
  readonly kept: readonly KeptColumn[];
  readonly at: number;
}

/** The lanes of one step, and its arrow. Places are shares of the width, so that it fits any. */
export function Rung({ step, lanes, kept, at }: Shown) {
  const x = (lane: number): string => place(lane, lanes.length);
  return (
    <span class="way">
      {lanes.map((lane, index) => (
        <i key={lane} class="lane" style={{ left: x(index) }} />
      ))}
      {kept.map(({ lane, column, from, to, begins, ends, title }) => (
        <i
          key={`${lane} ${column}`}
          class={`kept${begins && from === at ? " begins" : ""}${ends && to === at ? " ends" : ""}`}
          style={{ left: `calc(${x(lane)} + ${5 + column * 5}px)` }}
          title={title}
        />
      ))}
      <svg class="arrow" width="100%" height="22" aria-hidden="true">
        {step.way ? (
          <Way way={step.way} both={step.both === true} x={x} />
        ) : (
          <circle cx={x(step.lane ?? 0)} cy="11" r="3" />
        )}
      </svg>
    </span>
  );
}

interface WayShown {
  readonly way: NonNullable<StepContent["way"]>;
  readonly both: boolean;
  readonly x: (lane: number) => string;
}

function Way({ way, both, x }: WayShown) {
  const [first, second] = way;
  const [before, last] = [way.at(-2), way.at(-1)!];
  return (
    <>
      {way.slice(1).map(([lane], index) => (
        <line key={lane} x1={x(way[index]![0])} x2={x(lane)} y1="11" y2="11" />
      ))}
      {way.map(([lane, mark], index) => (
        <svg key={index} x={x(lane)} y="11" overflow="visible">
          <Mark mark={mark} hidden={both && index === 0} />
        </svg>
      ))}
      {before && last[1] === "arrived" && <Head x={x(last[0])} right={before[0] < last[0]} />}
      {both && first && second && <Head x={x(first[0])} right={second[0] < first[0]} />}
    </>
  );
}

function Head({ x, right }: { readonly x: string; readonly right: boolean }) {
  return (
    <svg x={x} y="11" overflow="visible">
      <path class="mark" d={right ? "M0 0l-9 -4.5v9z" : "M0 0l9 -4.5v9z"} />
    </svg>
  );
}

function Mark({ mark, hidden }: { readonly mark: LaneMark; readonly hidden: boolean }) {
  switch (mark) {
    case "from":
      return hidden ? null : <circle class="mark" r="3.2" />;
    case "unseen":
      return hidden ? null : <circle class="unseen-mark" r="3.2" />;
    case "rewritten":
      return <path class="mark rewritten" d="M-5.5 0L0 -5.5L5.5 0L0 5.5z" />;
    case "died":
      return <path class="cross" d="M-4.5 -4.5L4.5 4.5M-4.5 4.5L4.5 -4.5" />;
    case "lost":
      return (
        <text class="lost" text-anchor="middle" y="4.5">
          ?
        </text>
      );
    case "passed":
    case "arrived":
      return null;
  }
}
