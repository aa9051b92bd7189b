import type { CellResult } from "../../orchestrator/report/events.ts";
import { describeSelection, verdictOf } from "../kit/selection.ts";

/** A cell or two of every technique and variant, and of every way in which it ends. */
const CELLS: Readonly<Record<string, string>> = {
  "stunt-1-low-ttl.sequential~preserve.reset.te-drop": "direct by forged",
  "stunt-1-normal.preserve~sequential.drop.te-translate": "direct by crossed",
  "natblaster-2-low-ttl-self.translating-sequential~translating.reset.te-drop": "direct by self-forged",
  "natblaster-2-low-ttl-self.preserve~sequential.drop.te-drop": "blocked: out-of-state-leak",
  "natblaster-2-low-ttl-self.translating~preserve.drop.te-translate": "blocked: icmp-killed-connect",
  "natblaster-2-low-ttl-self.translating-random~translating.drop.te-drop": "blocked: mapping-mispredicted",
  "natblaster-2-normal-self.preserve~preserve.drop.te-translate": "direct by crossed",
  "natblaster-2-normal-self-crossing-syns-refused.translating-refusing~translating-refusing.drop.te-translate":
    "direct by self-forged",
  "natblaster-2-self-the-catalogue-before-a.openwrt~translates-out-of-state.reset~drop.te-translate.core-icmp-off":
    "blocked: out-of-state-drop",
  "natblaster-2-self-behind-carriers.translating~translating.drop.te-translate.core-icmp-off.behind-linux-closed-input~none":
    "blocked: out-of-state-leak",
  "stunt-2-low-ttl-kept.sequential~preserve.reset.te-drop": "direct by crossed",
  "stunt-2-low-ttl-kept.preserve~preserve.drop.te-translate": "blocked: icmp-killed-connect",
  "stunt-2-normal-kept.preserve~preserve.drop.te-translate": "direct by crossed",
  "stunt-2-kept-the-catalogue-before-a.refuses-crossing~linux-closed-input.drop.te-translate.core-icmp-off":
    "direct by crossed",
  "stunt-2-low-ttl-aborted.preserve~preserve.drop.te-translate": "blocked: out-of-state-leak",
  "stunt-2-normal-aborted.preserve~preserve.drop.te-translate": "blocked: out-of-state-leak",
  "stunt-2-normal-aborted.preserve~preserve.reset.te-translate": "blocked: reset-by-nat",
  "stunt-2-aborted-the-catalogue-before-a.openwrt~linux-closed-input.reset~drop.te-translate":
    "blocked: out-of-state-drop",
  "stunt-2-aborted-the-catalogue-before-a.translates-out-of-state~linux-closed-input.drop.te-translate":
    "blocked: out-of-state-drop",
  "stunt-2-aborted-the-catalogue-before-a.liberal-window~linux-closed-input.drop.te-translate": "direct by plain",
  "stunt-2-aborted-the-catalogue-before-a.stateless~linux-closed-input.drop.te-drop~translate": "direct by plain",
  "stunt-2-aborted-na-open-to-anybody.full-cone~symmetric-random.drop.te-translate": "direct by plain",
  "sequential-open.linux-closed-input~linux-closed-input.drop.te-translate": "blocked: out-of-state-leak",
  "sequential-open.refuses-crossing~linux-closed-input.drop.te-translate": "blocked: filtered",
  "sequential-open.liberal-window~linux-closed-input.drop.te-translate": "direct by plain",
  "sequential-open-refused.linux-closed-input~full-cone.drop.te-translate": "blocked: reset-by-host",
  "simultaneous-open-low-ttl.preserve~preserve.reset.te-drop": "direct by crossed",
  "simultaneous-open-low-ttl.preserve~preserve.reset.te-translate": "blocked: icmp-killed-connect",
};

describeSelection({
  of: "the techniques' matrix",
  scenario: "scenarios/techniques.yaml",
  seed: 2005,
  cells: CELLS,
  says: howItEnded,
});

/** The verdict, and of a direct connection how it was opened. */
function howItEnded(result: CellResult): string {
  const { outcome } = result.trials[0]!;
  return verdictOf(result) + (outcome.verdict === "direct" ? ` by ${outcome.proof.handshake}` : "");
}
