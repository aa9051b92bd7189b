import type { StrangerSyn, SynFate } from "../../../wire/fingerprint.ts";
import { determined, undetermined, type Finding, type MeasuredRefusal } from "../measured.ts";
import type { Dependency } from "../model.ts";

/** An ICMP answer that comes later than this was held back on purpose (RFC 5382 REQ-4 asks for 6 s). */
const HELD_BACK_MS = 1_500;
/** Silence for longer than RFC 5382 REQ-4's 6 s is silence for good. */
const FOR_GOOD_MS = 6_500;

/** Who may send a SYN to an existing mapping (RFC 4787 section 5), from two strangers to an established connection. */
export function classifyFiltering(probes: readonly StrangerSyn[]): Finding<Dependency> {
  const port = probes.find(({ from }) => from === "same-address-other-port");
  const address = probes.find(({ from }) => from === "other-address");
  const told = (probe: StrangerSyn) => (probe.arrived ? "arrived" : `did not arrive (${describeFate(probe.fate)})`);
  const evidence = [
    ...(port ? [`a SYN from the peer's other port ${told(port)}`] : []),
    ...(address ? [`one from another address ${told(address)}`] : []),
  ].join(", ");
  if (!port) return undetermined(evidence || "no stranger's SYN was sent");
  if (!port.arrived && address?.arrived)
    return undetermined(`a stranger is let in and the peer's other port is not (${evidence})`);
  if (!port.arrived) return determined("address-and-port-dependent", evidence);
  if (!address) return undetermined(`X has no second address (${evidence})`);
  return determined(address.arrived ? "endpoint-independent" : "address-dependent", evidence);
}

/** The answer to strangers that the filter keeps out; where it keeps nobody out, there is none. */
export function classifyWrongPeer(probes: readonly StrangerSyn[]): Finding<MeasuredRefusal> {
  const refused = probes.filter(({ arrived }) => !arrived);
  if (refused.length === 0) return undetermined("the filter let every stranger in");
  const found = refused.map(({ fate }) => classifyUnsolicited(fate));
  const [first] = found;
  const values = found.map((finding) => (finding.kind === "determined" ? kindOf(finding.value) : undefined));
  if (!first || new Set(values).size > 1)
    return undetermined(
      `strangers were answered differently: ${refused.map(({ fate }) => describeFate(fate)).join(", ")}`,
    );
  return first;
}

/** What a refused SYN got. */
export function classifyUnsolicited(fate: SynFate): Finding<MeasuredRefusal> {
  const evidence = describeFate(fate);
  switch (fate.kind) {
    case "silence":
      return determined(fate.waitedMs >= FOR_GOOD_MS ? "drop" : { kind: "silence", forMs: fate.waitedMs }, evidence);
    case "reset":
      return determined("reset", evidence);
    case "accepted":
      return undetermined(`something accepted the SYN (${evidence})`);
    case "icmp":
      return classifyError(fate, evidence);
  }
}

function classifyError(fate: Extract<SynFate, { kind: "icmp" }>, evidence: string): Finding<MeasuredRefusal> {
  if (fate.type !== 3) return undetermined(`no axis value has this answer: ${evidence}`);
  if (fate.afterMs > HELD_BACK_MS) return determined({ kind: "delayed-icmp", afterMs: fate.afterMs }, evidence);
  // RFC 792 code 3; RFC 1122 section 3.2.2.1 and RFC 1812 section 5.2.7.1 codes 9, 10 and 13
  if (fate.code === 3) return determined("port-unreachable", evidence);
  if ([9, 10, 13].includes(fate.code)) return determined("admin-prohibited", evidence);
  return undetermined(`no axis value has this answer: ${evidence}`);
}

/** In a few words: `silence for 0.1 s`, `RST`, `ICMP 3/3 from 192.0.2.2`. Times only where they matter. */
export function describeFate(fate: SynFate): string {
  switch (fate.kind) {
    case "silence":
      return `silence for ${secondsText(fate.waitedMs)}`;
    case "reset":
      return "RST";
    case "icmp":
      return `ICMP ${fate.type}/${fate.code} from ${fate.by}${fate.afterMs > HELD_BACK_MS ? ` after ${Math.round(fate.afterMs / 1000)} s` : ""}`;
    case "accepted":
      return "SYN+ACK";
  }
}

/** Whole seconds where it is about seconds: what is finer differs from run to run. Silence lasted at least so long. */
function secondsText(ms: number): string {
  return ms < 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(ms / 1000)} s`;
}

export function kindOf(refusal: MeasuredRefusal): string {
  return typeof refusal === "string" ? refusal : refusal.kind;
}
