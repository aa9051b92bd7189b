import { describeSelection, verdictOf } from "../kit/selection.ts";

/** Cells in which several rules of the table meet, and one counts. */
const CELLS: Readonly<Record<string, string>> = {
  "simultaneous-open-apart-catalogue.address-restricted~linux-masquerade.drop~reset.te-translate":
    "blocked: reset-by-nat",
  "simultaneous-open-apart-catalogue.linux-closed-input~linux-masquerade.drop~reset.te-translate": "direct",
  "simultaneous-open-apart-catalogue.rfc5382~full-cone.delayed-icmp-6000ms~drop.te-translate":
    "blocked: out-of-state-drop",
  "sequential-open-catalogue.full-cone~hostile.drop~reset.te-translate~teardown": "direct",
  "sequential-open-catalogue.port-restricted~openwrt.drop~reset.te-translate": "blocked: reset-by-nat",
  "stunt-2-low-ttl-aborted-catalogue.stateless~symmetric-random.drop.te-drop~translate": "direct",
  "natblaster-2-low-ttl-catalogue.symmetric-sequential-2~rfc5382.drop~delayed-icmp-6000ms.te-translate.core-icmp-off":
    "direct",
  "natblaster-2-normal-catalogue.openwrt~carrier-grade.reset~drop.te-translate": "blocked: reset-by-host",
};

describeSelection({
  of: "the full matrix",
  scenario: "scenarios/full.yaml",
  seed: 2005,
  cells: CELLS,
  says: verdictOf,
});
