import type { Fingerprint } from "../../wire/fingerprint.ts";
import { RFC4787 } from "./conformance/rfc4787.ts";
import { RFC5382 } from "./conformance/rfc5382.ts";
import { RFC7857 } from "./conformance/rfc7857.ts";
import type { Judgement, Requirement, Subject, TimerBasis } from "./conformance/requirement.ts";
import type { Classification } from "./measured.ts";

/** One requirement of an RFC, and what the measurement says of it. */
export interface Conformance extends Judgement, Pick<Requirement, "rfc" | "id" | "level" | "text"> {}

const REQUIREMENTS: readonly Requirement[] = [...RFC5382, ...RFC4787, ...RFC7857];

/**
 * The table of RFC 5382's requirements and of RFC 4787's and RFC 7857's as far as they concern TCP and can be measured. `timers` says
 * what the timers of the fingerprint stand for.
 */
export function judgeConformance(
  seen: Fingerprint,
  found: Classification,
  timers: TimerBasis = { kind: "measured" },
): Conformance[] {
  const subject: Subject = { seen, found, timers };
  const none = found.translated.kind === "determined" && !found.translated.value;
  return REQUIREMENTS.map(({ judge, ...requirement }) => ({
    ...requirement,
    ...(none ? { verdict: "not-applicable" as const, because: "there is no NAT" } : judge(subject)),
  }));
}
