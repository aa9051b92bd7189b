import { useEffect } from "preact/hooks";
import type { Overview } from "../../orchestrator/report/html/content.ts";
import { CellPage } from "./cell-page.tsx";
import { useFilter } from "./filter.ts";
import { MatrixPage } from "./matrix-page.tsx";
import { goTo, linkTo, usePlace } from "./place.ts";
import { ThemeSwitch } from "./theme.tsx";

export function App({ overview }: { readonly overview: Overview }) {
  const place = usePlace();
  const filter = useFilter(overview);
  const number = place.page === "cell" ? overview.cells.findIndex(({ id }) => id === place.id) : -1;
  useKeys(overview, number);
  return (
    <>
      <header class="bar">
        <a class="brand" href={linkTo({ page: "matrix" })}>
          natbed
        </a>
        <span class="run mono">{overview.id}</span>
        <ThemeSwitch />
      </header>
      <main>
        {place.page === "matrix" ? (
          <MatrixPage overview={overview} filter={filter} />
        ) : number < 0 ? (
          <p class="note">
            This report has no cell <code>{place.id}</code>. <a href={linkTo({ page: "matrix" })}>All cells</a>
          </p>
        ) : (
          <CellPage key={number} overview={overview} number={number} place={place} />
        )}
      </main>
    </>
  );
}

/** `/` to the filter, Escape back to the matrix, n and p to the next and the previous cell. */
function useKeys({ cells }: Overview, number: number): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLInputElement;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape") {
        if (typing) (event.target as HTMLInputElement).blur();
        else if (number >= 0) goTo({ page: "matrix" });
      } else if (typing) return;
      else if (event.key === "/") {
        event.preventDefault();
        if (number >= 0) goTo({ page: "matrix" });
        requestAnimationFrame(() => document.getElementById("filter")?.focus());
      } else if (number >= 0 && (event.key === "n" || event.key === "p")) {
        const other = cells[number + (event.key === "n" ? 1 : -1)];
        if (other) goTo({ page: "cell", id: other.id });
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [cells, number]);
}
