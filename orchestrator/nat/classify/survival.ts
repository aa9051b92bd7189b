import type { AfterSyn, Stimulus } from "../../../wire/fingerprint.ts";
import { determined, undetermined, type Finding } from "../measured.ts";
import type { NatModel, Reset, TimeExceeded } from "../model.ts";

/** What a time-exceeded for an unanswered SYN does: is it delivered, does the mapping live on (NATBLASTER assumptions 2 and 3). */
export function classifyTimeExceeded(probes: readonly AfterSyn[]): Finding<TimeExceeded> {
  const after = survival(probes, "time-exceeded");
  if (after.kind === "undetermined") return after;
  const { arrived, alive } = after.value;
  if (!alive) return determined("teardown", after.evidence);
  return determined(arrived ? "translate" : "drop", after.evidence);
}

/** What a RST from outside does to a mapping whose SYN nobody answered. */
export function classifyReset(probes: readonly AfterSyn[]): Finding<Reset> {
  const after = survival(probes, "reset");
  if (after.kind === "undetermined") return after;
  const { arrived, alive } = after.value;
  const value = arrived
    ? alive
      ? ("deliver-and-keep" as const)
      : ("deliver-and-remove" as const)
    : alive
      ? ("ignore" as const)
      : ("hide-and-remove" as const);
  return determined(value, after.evidence);
}

/** What happens to the SYN of a simultaneous open (RFC 5382 REQ-2). */
export function classifyCrossing(probes: readonly AfterSyn[]): Finding<NatModel["crossingSyn"]> {
  const crossing = probes.find(({ stimulus, probe }) => stimulus === "none" && probe === "syn");
  if (!crossing) return undetermined("no SYN was sent to a mapping that waited for one");
  return crossing.probeArrived
    ? determined("accept", "the peer's SYN to a mapping in SYN_SENT arrived")
    : determined("refuse", "the peer's SYN to a mapping in SYN_SENT did not arrive");
}

/**
 * Whether a stimulus arrived, and whether its mapping was alive after it. Only a probe that comes through without the stimulus says
 * anything about a mapping: a SYN+ACK belongs to it alone, a SYN may be let in by a filter that remembers longer than the mapping.
 */
export function survival(
  probes: readonly AfterSyn[],
  stimulus: Exclude<Stimulus, "none">,
): Finding<{ readonly arrived: boolean; readonly alive: boolean }> {
  const find = (wanted: Stimulus, probe: AfterSyn["probe"]) =>
    probes.find((one) => one.stimulus === wanted && one.probe === probe);
  for (const probe of ["syn-ack", "syn"] as const) {
    const after = find(stimulus, probe);
    if (!after || !find("none", probe)?.probeArrived) continue;
    const arrived = after.stimulusArrived === true;
    const packet = probe === "syn" ? "SYN" : "SYN+ACK";
    const evidence = `${NAMES[stimulus]} ${arrived ? "arrived" : "did not arrive"}, and ${after.probeArrived ? `a ${packet} after it came through` : `no ${packet} came through after it`}`;
    return determined({ arrived, alive: after.probeArrived }, evidence);
  }
  return undetermined(`no probe showed whether the mapping outlived ${NAMES[stimulus]}`);
}

const NAMES = { reset: "a RST", "time-exceeded": "ICMP time-exceeded", unreachable: "ICMP unreachable" } as const;
