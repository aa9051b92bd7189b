import { useMemo, useState } from "preact/hooks";
import type { CellSummary, Overview } from "../../orchestrator/report/html/content.ts";

/** Which cells are shown: all words of the text, and one kind of result. */
export interface Filter {
  readonly text: string;
  readonly kind: Kind;
  readonly setText: (text: string) => void;
  readonly setKind: (kind: Kind) => void;
  readonly shown: ReadonlySet<number>;
}

export const KINDS = ["all", "surprises", "direct", "relayed", "blocked", "without result", "changed"] as const;
export type Kind = (typeof KINDS)[number];

export function useFilter({ cells }: Overview): Filter {
  const [text, setText] = useState("");
  const [kind, setKind] = useState<Kind>("all");
  const shown = useMemo(() => {
    const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
    return new Set(
      cells.flatMap((cell, number) => {
        if (!isOf(cell, kind)) return [];
        const said = [cell.id, cell.block, cell.verdict, cell.why, ...cell.around].join("\n").toLowerCase();
        return wanted.every((word) => said.includes(word)) ? [number] : [];
      }),
    );
  }, [cells, text, kind]);
  return { text, kind, setText, setKind, shown };
}

export function isOf({ tone, surprise, before }: CellSummary, kind: Kind): boolean {
  switch (kind) {
    case "all":
      return true;
    case "surprises":
      return surprise;
    case "changed":
      return before !== undefined;
    case "without result":
      return tone === "invalid" || tone === "unknown" || tone === "unsupported" || tone === "error";
    case "direct":
    case "relayed":
    case "blocked":
      return tone === kind;
  }
}
