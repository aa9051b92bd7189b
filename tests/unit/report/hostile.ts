import type { CellResult } from "../../../orchestrator/report/events.ts";
import type { Cell } from "../../../orchestrator/scenario/cell.ts";
import { resultsWith } from "./results.ts";

/** What a terminal would act upon, what a browser would run, what ends a line, a cell, a fence or a command, and what cannot be seen. */
export const HOSTILE =
  "\u001b[2J\u001b]0;owned\u0007\u009b31m<img src=x onerror=alert(1)></script><!--\r\n::error::forged\n" +
  "```\n| a | ` `` [x](javascript:alert(1)) *b* \u202Egnp.exe\u200b\u0000\ud800 ]]> & \\ \" ' %0A $(id)";

/** A surprise and an error full of it, wherever a scenario or an agent can put a text. */
export function hostileResults(): CellResult[] {
  const [one, two, ...others] = resultsWith();
  const cell = {
    ...one!.cell,
    id: `cell ${HOSTILE.replaceAll("/", ":").replaceAll("\0", "")}`,
    scenario: HOSTILE,
    block: HOSTILE,
    na: { ...one!.cell.na, name: HOSTILE } as Cell["na"],
  };
  const dir = `cells/${cell.id}`;
  const outcome = { verdict: "unknown" as const, why: HOSTILE, missing: [HOSTILE] };
  const trials = [{ n: 1, outcome, tookMs: 5, dir: `${dir}/trial-1` }];
  return [
    { ...one!, cell, dir, why: HOSTILE, surprise: true, trials },
    {
      ...two!,
      state: "error",
      verdict: "error",
      why: HOSTILE,
      error: { code: HOSTILE, message: HOSTILE, detail: HOSTILE },
    },
    ...others,
  ];
}
