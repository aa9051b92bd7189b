import type { CellSummary, Overview } from "../../orchestrator/report/html/content.ts";
import { linkTo } from "./place.ts";
import { Plural } from "./plural.tsx";

/** Surprises first, then what has no result; what changed since the earlier run at the end. */
export function Attention({
  overview: { cells, attention },
  shown,
}: {
  readonly overview: Overview;
  readonly shown: ReadonlySet<number>;
}) {
  const changed = cells.flatMap((cell, number) => (cell.before ? [number] : []));
  const groups = [
    ...attention,
    ...(changed.length > 0 ? [{ title: "Changed since the earlier run", cells: changed }] : []),
  ]
    .map((group) => ({ ...group, cells: group.cells.filter((number) => shown.has(number)) }))
    .filter((group) => group.cells.length > 0);
  return (
    <>
      {groups.map((group) => (
        <section class="attention" key={group.title}>
          <h2>
            {group.title} <small>{group.cells.length}</small>
          </h2>
          <Lines cells={cells} numbers={group.cells.slice(0, AT_ONCE)} />
          {group.cells.length > AT_ONCE && (
            <details>
              <summary>
                <Plural count={group.cells.length - AT_ONCE} one="more cell" />
              </summary>
              <Lines cells={cells} numbers={group.cells.slice(AT_ONCE)} />
            </details>
          )}
        </section>
      ))}
    </>
  );
}

const AT_ONCE = 10;

function Lines({ cells, numbers }: { readonly cells: readonly CellSummary[]; readonly numbers: readonly number[] }) {
  return (
    <ul class="troubles">
      {numbers.map((number) => {
        const { id, symbol, tone, surprise, verdict, expected, why, before } = cells[number]!;
        return (
          <li key={id}>
            <a href={linkTo({ page: "cell", id })}>
              <b class={`sign ${surprise ? "surprise" : `tone-${tone}`}`}>{symbol}</b>
              <span class="mono">{id}</span>
            </a>
            <p>
              expected <em>{expected}</em>, observed <em>{verdict}</em>
              {before && (
                <>
                  , before <em>{before.verdict}</em>
                </>
              )}
            </p>
            <p class="why">{why}</p>
          </li>
        );
      })}
    </ul>
  );
}
