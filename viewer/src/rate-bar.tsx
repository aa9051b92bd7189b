import type { CellSummary } from "../../orchestrator/report/html/content.ts";

/** A share with its 95 % interval, on a line from 0 to 1. */
export function RateBar({ rate: { direct, of, low, high } }: { readonly rate: NonNullable<CellSummary["rate"]> }) {
  const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
  const words = `${direct} of ${of} trials direct, 95 % interval ${percent(low)} to ${percent(high)}`;
  return (
    <svg class="rate" role="img" aria-label={words} width="100%" height="6">
      <line class="whole" x1="0" x2="100%" y1="3" y2="3" />
      <line class="interval" x1={percent(low)} x2={percent(high)} y1="3" y2="3" />
      <circle cx={percent(of === 0 ? 0 : direct / of)} cy="3" r="2.5" />
    </svg>
  );
}
