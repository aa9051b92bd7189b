import type { CellResult } from "../../orchestrator/report/events.ts";
import { describeSelection, verdictOf } from "../kit/selection.ts";

/** A cell of every search, and of every way in which one ends. */
const CELLS: Readonly<Record<string, string>> = {
  "natblaster-4-ack-sweep.random~preserve.drop.te-drop": "direct, up to 64512 packets",
  "natblaster-4-ack-sweep.random~preserve.reset.te-drop": "direct, up to 64512 packets",
  "natblaster-4-ack-sweep.random~random.drop.te-drop": "blocked: mapping-mispredicted",
  "natblaster-4-ack-sweep.random~preserve.reset.te-translate": "blocked: icmp-killed-connect",
  "natblaster-4-ack-sweep-the-catalogue-before-a.rewrites~linux-closed-input.drop.te-translate.core-icmp-off":
    "blocked: sweep-empty",
  "natblaster-4-ack-sweep-the-way.symmetric-random~linux-closed-input.drop.te-translate.core-icmp-off+anti-spoofing":
    "blocked: spoof-filtered",
  "natblaster-4-ack-sweep-carriers.symmetric-random~linux-closed-input.drop.te-translate.core-icmp-off.behind-carrier-grade~none":
    "direct, up to 64512 packets",
  "natblaster-6.random~random.drop.te-translate": "direct, up to 258048 packets",
  "natblaster-6-6-syns.random~random.drop.te-drop": "blocked: no-collision",
  "natblaster-6-blind.random~random.drop.te-drop.core-anti-spoofing": "direct, up to 258048 packets",
  "natblaster-6-blind-6-syns.random~random.drop.te-drop": "blocked: no-collision",
  "natblaster-6-blind-syns-that-may-not-cross.refuses-crossing~refuses-crossing.drop.te-translate": "blocked: filtered",
  "tcp-repair.sequential~preserve.reset.te-translate": "direct",
  "tcp-repair.random~preserve.drop.te-drop": "blocked: mapping-mispredicted",
};

describeSelection({
  of: "the searches",
  scenario: "scenarios/searches.yaml",
  seed: 2005,
  cells: CELLS,
  says: howItEnded,
});

/** The verdict, and of a direct connection how many searches over all ports it took at the most; case 6 may aim at a second port. */
function howItEnded(result: CellResult): string {
  const { outcome } = result.trials[0]!;
  if (outcome.verdict !== "direct" || !outcome.proof.searched) return verdictOf(result);
  const searches = Math.ceil(outcome.proof.searched.packets / 64_512);
  return `direct, up to ${(result.cell.technique.name === "natblaster-6" ? Math.max(4, searches) : searches) * 64_512} packets`;
}
