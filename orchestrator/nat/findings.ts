import { intervalText, portsText, refusalText } from "./compare.ts";
import type { Classification, Finding, MeasuredCapacity, MeasuredPorts } from "./measured.ts";

/** One axis of a classification in words; `value` is absent where it is undetermined, and `because` then says why. */
export interface FindingLine {
  readonly axis: string;
  readonly value?: string;
  readonly because: string;
}

/** Every axis of a classification in words, in the order of the model. */
export function findingLines({ translated, axes, timeouts }: Classification): FindingLine[] {
  return [
    line("translated", translated, yesNo),
    line("mapping", axes.mapping, String),
    line("filtering", axes.filtering, String),
    line("ports", axes.ports, seenPortsText),
    line("blockSize", axes.blockSize, capacityText),
    line("unsolicitedSyn", axes.unsolicitedSyn, refusalText),
    line("wrongPeerSyn", axes.wrongPeerSyn, refusalText),
    line("timeExceeded", axes.timeExceeded, String),
    line("reset", axes.reset, String),
    line("outOfState", axes.outOfState, String),
    line("crossingSyn", axes.crossingSyn, String),
    line("windowTracking", axes.windowTracking, String),
    line("sequenceNumbers", axes.sequenceNumbers, String),
    line("sourceRoute", axes.sourceRoute, String),
    line("hairpin", axes.hairpin, yesNo),
    line("timeouts.synSentS", timeouts.synSentS, intervalText),
    line("timeouts.establishedS", timeouts.establishedS, intervalText),
    line("timeouts.closingS", timeouts.closingS, intervalText),
  ];
}

function line<T>(axis: string, finding: Finding<T>, say: (value: T) => string): FindingLine {
  return finding.kind === "determined"
    ? { axis, value: say(finding.value), because: finding.evidence }
    : { axis, because: finding.why };
}

function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}

/** `sequential +1, seen 40000-40027` */
function seenPortsText(ports: MeasuredPorts): string {
  if (ports.kind === "preserve") return ports.kind;
  const parity = ports.parity ? ", parity kept" : "";
  return `${portsText(ports)}, seen ${ports.seen.from}-${ports.seen.to}${parity}`;
}

function capacityText({ kind, ports }: MeasuredCapacity): string {
  return kind === "exhausted" ? `exhausted after ${ports}` : `${ports} or more`;
}
