import type { CellResult } from "../../orchestrator/report/events.ts";
import { describeSelection, verdictOf } from "../kit/selection.ts";

/** One of every kind of plan that leads to a connection, and of those that end with the relay. */
const CELLS: Readonly<Record<string, string>> = {
  "auto.preserve~sequential.drop.te-translate": "direct",
  "auto.preserve~preserve.reset.te-drop": "direct",
  "auto.random~preserve.drop.te-drop": "direct",
  "auto.random~random.drop.te-drop": "direct",
  "auto.random~random.reset.te-drop": "direct",
  "auto.random~preserve.reset.te-translate": "relayed",
  "auto-one-that-refuses.hostile~address-restricted.reset~drop.te-teardown~translate": "direct",
  "auto.preserve~preserve.reset.te-translate": "direct",
  "auto-open-to-anybody.hostile~full-cone.reset~drop.te-teardown~translate": "direct",
  "auto-open-to-anybody.symmetric-random~rfc5382.drop~delayed-icmp-6000ms.te-translate": "direct",
  "auto-source-routes.aware~aware.reset.te-translate.core-lsrr-forward": "direct",
  "auto-behind-carriers.linux-closed-input~linux-closed-input.drop.te-translate.core-icmp-off.behind-shared~carrier-grade":
    "direct",
};

describeSelection({
  of: "auto's matrix",
  scenario: "scenarios/auto.yaml",
  seed: 2005,
  cells: CELLS,
  says: (result: CellResult) => verdictOf(result),
});
