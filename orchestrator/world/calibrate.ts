import type { Fingerprint } from "../../wire/fingerprint.ts";
import { isSeen } from "../nat/classify/mapping.ts";
import { classify } from "../nat/classify.ts";
import { compareModel } from "../nat/compare.ts";
import type { Classification } from "../nat/measured.ts";
import type { Axis, Gateway, NatModel } from "../nat/model.ts";
import { ADDRESS } from "../plan/addresses.ts";
import { outsideOf, type GatewayId, type Side } from "../plan/shape.ts";
import { probe } from "./probe.ts";
import type { World } from "./world.ts";

/** What the prober saw of one of a side's gateways, against what its model says. */
export interface Calibration {
  readonly side: Side;
  readonly gateway: Gateway;
  readonly observed: Fingerprint;
  /** One sentence per axis that does not behave as declared, or that could not be measured; empty when the gateway is what it says. */
  readonly mismatches: readonly string[];
}

/** On a machine that is short of time an answer may be late: what looks wrong is listened to for longer before it counts. */
const PATIENT_MS = 1_000;

/** Axes that the prober's quick mode decides. A mapping that lets everybody in refuses nobody: then wrongPeerSyn has no value. */
const COVERED = [
  "mapping",
  "filtering",
  "ports",
  "unsolicitedSyn",
  "timeExceeded",
  "reset",
  "outOfState",
  "crossingSyn",
  "windowTracking",
  "sequenceNumbers",
  "sourceRoute",
  "hairpin",
] as const satisfies readonly Axis[];

/**
 * What looks wrong is looked at again: a machine that is short of time may hide an answer, and one NAT in sixty that draws its ports at random
 * seems to count by chance (five ports in order of size).
 */
const LOOKS = 3;

/**
 * Measures one of a side's gateways from inside and outside. Needs a world in which nothing else is going on, in which the side's other
 * gateways are plain routers, and a core that adds nothing; source routes are measured where the core forwards them.
 */
export async function calibrate(
  world: World,
  side: Side,
  gateway: Gateway,
  at: GatewayId = `n${side}`,
): Promise<Calibration> {
  const outside = gateway.kind === "nat" ? outsideOf(world.shape, at) : ADDRESS[side];
  const look = async (patience: { readonly silenceMs?: number }): Promise<Calibration> => {
    const observed = await probe(world, side, { mode: "quick", seed: 1, ...patience });
    return { side, gateway, observed, mismatches: compare(gateway, observed, outside) };
  };
  let seen = await look({});
  for (let looks = 1; looks < LOOKS && seen.mismatches.length > 0; looks += 1) {
    await world.agent(at).call("conntrack-flush", {}); // a mapping that lives on would show the same outside port again
    seen = await look({ silenceMs: PATIENT_MS });
  }
  return seen;
}

function compare(gateway: Gateway, observed: Fingerprint, outside: string): string[] {
  const found = classify(observed);
  const elsewhere = observed.bindings.ran
    ? observed.bindings.made.filter(isSeen).find((binding) => binding.outside.ip !== outside)
    : undefined;
  return [
    ...(elsewhere ? [`the mapping's address is ${elsewhere.outside.ip}, not ${outside}`] : []),
    ...(gateway.kind === "router" ? compareRouter(found) : compareNat(gateway.model, found)),
  ];
}

/** Without a NAT the host is seen under its own address and answers for itself. */
function compareRouter({ translated, axes: { unsolicitedSyn } }: Classification): string[] {
  const answers = unsolicitedSyn.kind === "determined" && unsolicitedSyn.value === "reset";
  return [
    ...(translated.kind === "determined" && !translated.value
      ? []
      : [`no NAT expected, yet ${translated.kind === "determined" ? translated.evidence : translated.why}`]),
    ...(answers
      ? []
      : [
          `RST of the host expected, yet an unknown port gave ${unsolicitedSyn.kind === "determined" ? unsolicitedSyn.evidence : unsolicitedSyn.why}`,
        ]),
  ];
}

function compareNat(model: NatModel, found: Classification): string[] {
  const open = COVERED.flatMap((axis) => {
    const finding = found.axes[axis];
    return finding.kind === "undetermined" ? [`${axis}: could not be measured, ${finding.why}`] : [];
  });
  return [...compareModel(model, found), ...open];
}
