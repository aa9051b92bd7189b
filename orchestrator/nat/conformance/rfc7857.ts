import { portsText } from "../compare.ts";
import {
  all,
  fail,
  judgeFinding,
  judgeTimer,
  open,
  pass,
  type Judgement,
  type Requirement,
  type Subject,
} from "./requirement.ts";

const RESET_S = 4 * 60;

/**
 * RFC 7857, Updates to Network Address Translation (NAT) Behavioral Requirements, as far as it concerns TCP. It does not number its
 * requirements: these are its sections, and where one asks for two things, the letters are ours.
 */
export const RFC7857: readonly Requirement[] = [
  {
    rfc: 7857,
    id: "2.1",
    level: "SHOULD",
    text: "partly open and closing connections have idle timeouts of their own, 4 min at least",
    judge: (subject) => all([judgeTimer(subject, "synSentS", RESET_S), judgeTimer(subject, "closingS", RESET_S)]),
  },
  {
    rfc: 7857,
    id: "2.2 a",
    level: "MUST",
    text: "a RST for a mapping is translated",
    judge: ({ found }) => judgeFinding(found.axes.reset, (value) => value.startsWith("deliver")),
  },
  {
    rfc: 7857,
    id: "2.2 b",
    level: "SHOULD",
    text: "a mapping outlives a RST by 4 min of silence",
    judge: judgeResetTimer,
  },
  {
    rfc: 7857,
    id: "9",
    level: "SHOULD",
    text: "a port that is not preserved is chosen unpredictably",
    judge: ({ found: { axes } }) => {
      if (axes.ports.kind === "undetermined") return open(axes.ports.why);
      const what = `allocation of ports: ${portsText(axes.ports.value)}`;
      return axes.ports.value.kind === "sequential" ? fail(what) : pass(what);
    },
  },
];

/** The mapping stays in the state that it was in, so it ends when that state's timer does. */
function judgeResetTimer(subject: Subject): Judgement {
  const { reset } = subject.found.axes;
  if (reset.kind === "undetermined") return open(reset.why);
  if (reset.value.endsWith("remove")) return fail(reset.evidence);
  const timer = judgeTimer(subject, "synSentS", RESET_S);
  return timer.verdict === "pass"
    ? pass(`${reset.evidence}; ${timer.because}`)
    : open(`${reset.evidence}; ${timer.because}`);
}
