import { describeSelection, verdictOf } from "../kit/selection.ts";

describeSelection({
  of: "the matrix of rates",
  scenario: "scenarios/rates.yaml",
  seed: 1763,
  cells: {
    "crossing-skew-0-ms.preserve~preserve.drop.te-translate": "direct",
    "crossing-skew-80-ms.preserve~preserve.reset.te-translate": "blocked: reset-by-nat",
  },
  says: verdictOf,
});
