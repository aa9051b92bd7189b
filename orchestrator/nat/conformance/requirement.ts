import type { Fingerprint, Tested } from "../../../wire/fingerprint.ts";
import type { Classification, Finding } from "../measured.ts";
import type { Timeouts } from "../model.ts";

export const VERDICTS = ["pass", "fail", "undetermined", "not-applicable"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** `because` is the measurement, or why there is none. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly because: string;
}

/**
 * `measured`: idle times are the NAT's own. `scaled`: the NAT was loaded with its declared timeouts divided by `scale`, and obeyed
 * these; so the declared ones hold as far as settings go.
 */
export type TimerBasis =
  { readonly kind: "measured" } | { readonly kind: "scaled"; readonly scale: number; readonly declared: Timeouts };

export interface Subject {
  readonly seen: Fingerprint;
  readonly found: Classification;
  readonly timers: TimerBasis;
}

export interface Requirement {
  readonly rfc: 4787 | 5382 | 7857;
  /** As the RFC counts it, e.g. `REQ-4`, or the section, e.g. `2.1`. */
  readonly id: string;
  readonly level: "MUST" | "SHOULD" | "MAY";
  /** Its sense in one line. */
  readonly text: string;
  readonly judge: (subject: Subject) => Judgement;
}

export function pass(because: string): Judgement {
  return { verdict: "pass", because };
}
export function fail(because: string): Judgement {
  return { verdict: "fail", because };
}
export function open(because: string): Judgement {
  return { verdict: "undetermined", because };
}

/** Passes where the value of a finding satisfies the requirement. */
export function judgeFinding<T>(finding: Finding<T>, satisfies: (value: T) => boolean): Judgement {
  if (finding.kind === "undetermined") return open(finding.why);
  return satisfies(finding.value) ? pass(finding.evidence) : fail(finding.evidence);
}

/** The judgement on a test that ran; without it there is none. */
export function judgeTest<T>(test: Tested<T>, judge: (observed: T) => Judgement): Judgement {
  return test.ran ? judge(test) : open(`not tested: ${test.why}`);
}

/** The first of these that is no pass, the worst first; a pass needs all to pass. */
export function all(judgements: readonly Judgement[]): Judgement {
  const worst = (["fail", "undetermined"] as const).map((verdict) => judgements.find((one) => one.verdict === verdict));
  return worst.find((one) => one !== undefined) ?? pass(judgements.map(({ because }) => because).join("; "));
}

/** Whether a mapping outlives `leastS` seconds of idleness. */
export function judgeTimer({ found, timers }: Subject, timer: keyof Timeouts, leastS: number): Judgement {
  const finding = found.timeouts[timer];
  if (finding.kind === "undetermined") return open(`${NAMES[timer]}: ${finding.why}`);
  if (timers.kind === "scaled") {
    const declared = timers.declared[timer];
    const long = declared === "never" || declared >= leastS;
    const because = `${NAMES[timer]}: ${declared === "never" ? "kept for good" : `${declared} s declared`}, at 1:${timers.scale} ${finding.evidence}`;
    return long ? pass(because) : fail(because);
  }
  const { atLeastS, lessThanS } = finding.value;
  const because = `${NAMES[timer]}: ${finding.evidence}`;
  if (atLeastS >= leastS) return pass(because);
  return lessThanS !== undefined && lessThanS <= leastS ? fail(because) : open(because);
}

const NAMES = { synSentS: "SYN unanswered", establishedS: "established", closingS: "closing" } as const;
