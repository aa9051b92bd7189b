import { describeSelection, verdictOf } from "../kit/selection.ts";

/** A cell or two of every block, and of every kind of world. */
const CELLS: Readonly<Record<string, string>> = {
  "simultaneous-open.full-cone~linux-closed-input.drop.te-translate.core-20ms": "direct",
  "natblaster-2-low-ttl.rfc5382~linux-closed-input.delayed-icmp-6000ms~drop.te-translate.core-icmp-off": "direct",
  "natblaster-2-low-ttl.hostile~linux-closed-input.reset~drop.te-teardown~translate.core-icmp-off":
    "blocked: mapping-mispredicted",
  "connect.linux-closed-input~full-cone.drop.te-translate": "direct",
  "connect.linux-closed-input~address-restricted.drop.te-translate": "blocked: filtered",
  "simultaneous-open-one-axis.linux-closed-input~answers-admin-prohibited.drop~admin-prohibited.te-translate":
    "blocked: icmp-killed-connect",
  "simultaneous-open-crossing-syns-refused.refuses-crossing~refuses-crossing.drop.te-translate": "blocked: filtered",
  "natblaster-2-low-ttl-one-axis.drops-time-exceeded~rewrites-sequence.drop.te-drop~translate.core-icmp-off":
    "blocked: timeout",
  "anti-spoofing.linux-closed-input~linux-closed-input.drop.te-translate.core-icmp-off+anti-spoofing":
    "blocked: spoof-filtered",
  "more-hops.symmetric-sequential~linux-closed-input.drop.te-translate.core-icmp-off+5ms+hops-4": "direct",
  "natblaster-2-behind-carriers.symmetric-sequential~linux-closed-input.drop.te-translate.core-icmp-off.behind-linux-closed-input~none":
    "direct",
  "one-carrier-for-both.linux-closed-input~linux-closed-input.drop.te-translate.behind-shared~carrier-grade": "direct",
  "one-carrier-for-both.linux-closed-input~linux-closed-input.drop.te-translate.behind-shared~preserving-carrier":
    "direct",
  "neighbours-of-both.linux-closed-input~symmetric-sequential.drop.te-translate.core-icmp-off":
    "blocked: mapping-mispredicted",
};

describeSelection({
  of: "the catalogue's matrix",
  scenario: "scenarios/nats.yaml",
  seed: 5382,
  cells: CELLS,
  says: verdictOf,
});
