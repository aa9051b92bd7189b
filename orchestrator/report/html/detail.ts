/** How much of a cell is embedded. */
export interface Detail {
  /** Trials that are shown whole. */
  readonly trials: number;
  /** Steps of a ladder. */
  readonly steps: number;
  /** Packets of like ones that were folded into one step; 0: no step has its packets. */
  readonly rowsPerFold: number;
  /** The ladder in characters too. */
  readonly text: boolean;
  /** Characters of each rule-set and measurement. */
  readonly characters: number;
  readonly logs: number;
}

/** From all that anybody wants to see to what just tells the story; a cell has the first that fits into its share of the page. */
export const DETAILS: readonly Detail[] = [
  { trials: 5, steps: 2_000, rowsPerFold: 12, text: true, characters: 40_000, logs: 1_000 },
  { trials: 2, steps: 500, rowsPerFold: 6, text: true, characters: 12_000, logs: 300 },
  { trials: 1, steps: 300, rowsPerFold: 3, text: true, characters: 6_000, logs: 150 },
  { trials: 1, steps: 120, rowsPerFold: 1, text: false, characters: 2_500, logs: 60 },
  { trials: 1, steps: 60, rowsPerFold: 1, text: false, characters: 0, logs: 0 },
  { trials: 1, steps: 40, rowsPerFold: 0, text: false, characters: 0, logs: 0 },
];
