import { useState } from "preact/hooks";
import type { RowContent } from "../../orchestrator/report/html/content.ts";
import { PacketView } from "./packet-view.tsx";

interface Shown {
  readonly row: RowContent;
  readonly bytes: readonly string[];
  /** The only one of its step: then there is nothing to tell it from. */
  readonly alone: boolean;
}

/** A packet with the places that saw it, or all that an agent or conntrack said. */
export function RowView({ row: { ms, seen, rewrites, fate, detail }, bytes, alone }: Shown) {
  const [at, setAt] = useState(0);
  if (!seen)
    return (
      <p class="mono said">
        {!alone && <span class="ms">{ms.toFixed(3)} </span>}
        {detail}
      </p>
    );
  const current = seen[at]!;
  return (
    <section class="packet">
      <p class="fate">
        {fate}
        {rewrites && <span>{rewrites.join("; ")}</span>}
      </p>
      <div class="places" role="group" aria-label="Seen at">
        {seen.map(([where, direction, when], index) => (
          <button type="button" key={index} aria-pressed={index === at} onClick={() => setAt(index)}>
            {where} {direction === "in" ? "←" : "→"} <small>{when.toFixed(3)}</small>
          </button>
        ))}
      </div>
      <PacketView hex={bytes[current[3]] ?? ""} sent={at > 0 ? (bytes[seen[0]![3]] ?? "") : undefined} />
    </section>
  );
}
