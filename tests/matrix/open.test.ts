import type { CellResult } from "../../orchestrator/report/events.ts";
import { describeSelection, verdictOf } from "../kit/selection.ts";

/** A cell or two of every block, and of every way in which it ends. */
const CELLS: Readonly<Record<string, string>> = {
  "p2pnat.preserve~sequential.drop.te-translate": "direct by crossed",
  "p2pnat.random~preserve.drop.te-translate": "blocked: mapping-mispredicted",
  "p2pnat.preserve~preserve.reset.te-translate": "blocked: reset-by-nat",
  "p2pnat.preserve~preserve.reset.te-translate.core-200ms": "direct by crossed",
  "p2pnat-the-catalogue.linux-closed-input~full-cone.drop.te-translate": "direct by plain",
  "p2pnat-one-carrier.linux-closed-input~linux-closed-input.drop.te-translate.behind-shared~carrier-grade": "direct",
  "p2pnat-one-private-network.none~none.behind-shared~hostile": "direct in private",
  "p2pnat-one-private-network.none~none.behind-shared~linux-masquerade": "direct in private",
  "simultaneous-open-steps.down-3~preserve.drop.te-translate": "direct by crossed",
  "p2pnat-steps.down-1~down-3.drop.te-translate": "direct by crossed",
  "stunt-1-steps.up-7~down-3.drop.te-translate.core-icmp-off": "direct by forged",
  "stunt-2-steps.up-2~down-3.drop.te-translate.core-icmp-off": "direct by crossed",
  "birthday-open-many-hits.random~preserve.drop.te-translate": "direct by crossed",
  "birthday-open-refused.random~preserve.reset.te-translate": "blocked: reset-by-nat",
  "birthday-open-low-ttl-icmp.random~preserve.drop.te-translate": "blocked: icmp-killed-connect",
  "birthday-open-nb-unpredictable.random~sequential.drop.te-translate": "blocked: no-collision",
  "birthday-open-nb-unpredictable.random~random.drop.te-translate": "blocked: mapping-mispredicted",
  "p2pnat-one-private-network.none~none.behind-shared~carrier-grade": "direct",
  "natblaster-2-steps.down-7-block~down-3.reset~drop.te-translate.core-icmp-off": "direct by forged",
};

describeSelection({
  of: "the matrix of simultaneous open with several sockets",
  scenario: "scenarios/open.yaml",
  seed: 2005,
  cells: CELLS,
  says: howItEnded,
});

/** The verdict, and of a direct connection how and where it was opened. */
function howItEnded(result: CellResult): string {
  const { outcome } = result.trials[0]!;
  // with a hairpin both of P2PNAT's sockets come about, and either may win
  if (outcome.verdict !== "direct" || result.cell.id.endsWith("~carrier-grade")) return verdictOf(result);
  return outcome.why.startsWith("10.") ? "direct in private" : `direct by ${outcome.proof.handshake}`;
}
