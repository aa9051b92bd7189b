import type { Traversal } from "../../wire/technique.ts";
import type { NatTraits } from "../../wire/traits.ts";
import { ACK_SWEEP, PLAIN } from "./plain.ts";

/** Traits as far as they are known. */
export type Known = Partial<NatTraits>;

/** One way to try, in terms of the NATs before whoever plays a and whoever plays b. */
export interface Rule {
  readonly technique: Traversal;
  /** Both hosts do the same: it does not matter who is a. */
  readonly symmetric?: true;
  /** What must hold; undefined: not known. One that is false rules the technique out. */
  readonly wants: (a: Known, b: Known) => readonly (boolean | undefined)[];
  /** Another try of a technique, for chance decides or for another reason: only where all that is wanted holds. */
  readonly again?: true;
  /** Completes "because …". */
  readonly because: string;
}

/** B's SYN leaves so much later: A's has opened NA by then, even where A's machine is slow. */
const SKEW_MS = 60;
/** The same where both hosts answer for themselves: the second answer is to come later than the first. */
const SELF_SKEW_MS = 40;
/** After a refusal the next try; shorter than the second that P2PNAT says, so that some fit one step's deadline. */
const RETRY_MS = 300;
/** Below so many ms to X and back two SYNs do not truly cross: one is answered before the other leaves. */
const CROSSING_RTT_MS = 10;

/**
 * What to try, the best first: what needs least of hosts and X, and then what takes least time. Each rule's conditions are those that the
 * matrix shows (scenarios/*.yaml), in the words of two fingerprints.
 */
export const RULES: readonly Rule[] = [
  {
    technique: { ...PLAIN.p2pnat, retryMs: RETRY_MS },
    symmetric: true,
    wants: (a, b) => [not(apart(a, b))],
    because: "both are behind one NAT, and reach each other within or by its hairpin",
  },
  {
    technique: PLAIN.connect,
    wants: (a, b) => [b.open, oneOf(b.ports, "consistent", "untranslated"), reaches(a, b)],
    because: "B's NAT lets anybody in at a mapping that stands",
  },
  {
    technique: { ...PLAIN["simultaneous-open"], skewMs: SKEW_MS, retryMs: RETRY_MS },
    wants: (a, b) => [predictable(a), predictable(b), silent(b), a.crossing],
    because: "NB drops A's SYN in silence, and NA, open by then, lets B's in",
  },
  {
    technique: PLAIN["stunt-2"],
    wants: (a, b) => [predictable(a), predictable(b), not(a.ttlError), a.crossing, apart(a, b)],
    because: "A's SYN opens NA and dies unheard before NB, and NA lets B's in",
  },
  {
    technique: PLAIN["natblaster-2"],
    symmetric: true,
    wants: (a, b) => [...forged(a, b), predictable(a), predictable(b), not(a.ttlError), not(b.ttlError)],
    because: "both SYNs die unheard between the NATs, and X answers for both",
  },
  {
    technique: { ...PLAIN["natblaster-2"], syn: "normal", skewMs: SKEW_MS },
    wants: (a, b) => [...forged(a, b), predictable(a), predictable(b), silent(b)],
    because: "NB drops A's SYN in silence, NA is open by the time that B's comes, and X answers for both",
  },
  {
    technique: PLAIN["natblaster-1"],
    symmetric: true,
    wants: (a, b) => [apart(a, b), predictable(a), predictable(b), routes(a), routes(b)],
    because: "both NATs read source routes, so that neither sees the other's SYN, and X answers for both",
  },
  {
    technique: PLAIN["sequential-open"],
    wants: (a, b) => [admits(a, b), predictable(a), either(standing(a), not(resets(b))), apart(a, b)],
    because: "NA lets any port of NB in at the mapping that a first SYN makes, so that NB's port does not matter",
  },
  {
    technique: { ...PLAIN["stunt-2"], socket: "aborted" },
    wants: (a, b) => [admits(a, b), predictable(a), not(a.ttlError), apart(a, b)],
    because: "NA lets any port of NB in at the mapping that a SYN makes which dies unheard before NB",
  },
  {
    technique: PLAIN["natblaster-3"],
    wants: (a, b) => [apart(a, b), predictable(b), routes(a), routes(b)],
    because: "X reads NA's random port off A's source-routed SYN",
  },
  {
    technique: PLAIN["natblaster-5"],
    symmetric: true,
    wants: (a, b) => [apart(a, b), not(predictable(a)), not(predictable(b)), routes(a), routes(b)],
    because: "X reads both random ports off source-routed SYNs, and one of the NATs may keep its own",
  },
  {
    technique: ACK_SWEEP,
    wants: (a, b) => [a.sequenceKept, ...oneRandom(a, b)],
    because: "NA's ports are random, and X finds the one by trying all",
  },
  {
    technique: { ...ACK_SWEEP, sequenceShift: "learned" },
    wants: (a, b) => [not(a.sequenceKept), ...oneRandom(a, b)],
    because:
      "NA's ports are random and it shifts sequence numbers: X finds the port by trying all, and what gets through shows the shift",
  },
  {
    technique: PLAIN["natblaster-4"],
    wants: (a, b) => [a.sequenceKept, ...oneRandom(a, b)],
    because: "NA's ports are random, and a birthday finds one in 19 of 20 tries",
  },
  ...thrice({
    technique: PLAIN["birthday-open"],
    wants: (a, b) => [not(predictable(a)), standing(b), unheard(a, b), apart(a, b)],
    because: "NA's ports are random, B does not hear of what misses it, and two of many sockets meet in 19 of 20 tries",
  }),
  ...thrice({
    technique: { ...PLAIN["birthday-open"], syn: "low-ttl" },
    wants: (a, b) => [not(predictable(a)), standing(b), not(unheard(a, b)), not(b.ttlError), apart(a, b)],
    because:
      "NA's ports are random, what misses dies unheard before it, and two of many sockets meet in 19 of 20 tries",
  }),
  {
    technique: { ...PLAIN["simultaneous-open"], retryMs: RETRY_MS },
    symmetric: true,
    wants: (a, b) => [predictable(a), predictable(b), far(a, b)],
    because: "over so long a way two SYNs cross before either is refused",
  },
  {
    technique: { ...PLAIN["natblaster-6"], syn: "low-ttl" },
    wants: (a, b) => [...searchable(a, b), not(both(silent(a), silent(b))), not(a.ttlError)],
    because:
      "a NAT's ports are random: X finds that of a SYN of A's which dies unheard, and B sends SYNs until NB gives one the port that NA lets in",
  },
  {
    technique: PLAIN["natblaster-6"],
    wants: (a, b) => [...searchable(a, b), silent(b)],
    because:
      "a NAT's ports are random: X finds NA's by trying all, and B sends SYNs until NB gives one the port that NA lets in",
  },
  {
    technique: { ...PLAIN["natblaster-6"], search: "blind" },
    symmetric: true,
    wants: (a, b) => [
      either(not(predictable(a)), not(predictable(b))),
      silent(a),
      silent(b),
      a.crossing,
      b.crossing,
      apart(a, b),
    ],
    because: "a NAT's ports are random, and of as many SYNs of both as there are ports two meet, without X's help",
  },
  {
    technique: { ...PLAIN["simultaneous-open"], skewMs: SKEW_MS, retryMs: RETRY_MS },
    again: true,
    wants: (a, b) => [predictable(a), predictable(b), resets(b), a.ignoresReset, a.crossing],
    because: "NB refuses A's SYN, which NA keeps to itself, and NA, still open, lets B's in",
  },
  {
    technique: { ...PLAIN["simultaneous-open"], skewMs: SKEW_MS, retryMs: RETRY_MS },
    again: true,
    wants: (a, b) => [predictable(a), predictable(b), silent(b), not(a.crossing), b.crossing],
    because: "NB drops A's SYN in silence, and lets A's next one in behind B's",
  },
  {
    technique: PLAIN["stunt-2"],
    again: true,
    wants: (a, b) => [predictable(a), predictable(b), not(a.ttlError), not(a.crossing), b.crossing, apart(a, b)],
    because: "A's SYN dies unheard before NB, and NB lets A's next one in behind B's",
  },
  {
    technique: PLAIN["sequential-open"],
    again: true,
    wants: (a, b) => [
      not(a.open),
      a.openToAddress,
      predictable(b),
      standing(a),
      resets(b),
      not(a.ignoresReset),
      apart(a, b),
    ],
    because: "NB's RST ends what NA knew of A's SYN, and NA lets B's in at the mapping that stands",
  },
  {
    technique: { ...PLAIN["natblaster-2"], synAck: "self", skewMs: SELF_SKEW_MS },
    wants: (a, b) => [
      predictable(a),
      predictable(b),
      not(a.ttlError),
      not(b.ttlError),
      a.answersOut,
      b.answersOut,
      a.sequenceKept,
      b.sequenceKept,
      apart(a, b),
    ],
    because: "both SYNs die unheard between the NATs, and each lets its host's own answer out",
  },
  {
    technique: PLAIN["tcp-repair"],
    symmetric: true,
    wants: (a, b) => [predictable(a), predictable(b), a.sequenceKept, b.sequenceKept, apart(a, b)],
    because: "both ports are known, and sockets made by TCP_REPAIR need no handshake that a NAT could refuse",
  },
];

/** The last resort. */
export const RELAY: Pick<Rule, "technique" | "because"> = {
  technique: PLAIN.relay,
  because: "nothing else is left, and X passes bytes on",
};

/** Three tries, of which the last two are for those who are sure. */
function thrice(rule: Rule): readonly Rule[] {
  return [rule, { ...rule, again: true }, { ...rule, again: true }];
}

type Truth = boolean | undefined;

const not = (truth: Truth): Truth => (truth === undefined ? undefined : !truth);

const either = (one: Truth, other: Truth): Truth => not(both(not(one), not(other)));

function both(one: Truth, other: Truth): Truth {
  if (one === false || other === false) return false;
  return one === undefined || other === undefined ? undefined : true;
}

function oneOf<T>(value: T | undefined, ...wanted: readonly T[]): Truth {
  return value === undefined ? undefined : wanted.includes(value);
}

const predictable = ({ ports }: Known): Truth => not(oneOf(ports, "random"));

/** A mapping stays the same whoever is sent to. */
const standing = ({ ports }: Known): Truth => oneOf(ports, "consistent", "preserved", "untranslated");

const resets = ({ refusal }: Known): Truth => oneOf(refusal, "reset");

const silent = ({ refusal }: Known): Truth => oneOf(refusal, "silence");

/** What NA answers to a SYN that misses does not end B's socket. */
const unheard = (a: Known, b: Known): Truth => either(silent(a), both(resets(a), b.ignoresReset));

const routes = ({ sourceRoute }: Known): Truth => oneOf(sourceRoute, "aware", "stateless");

/**
 * B's SYN is let in and makes a mapping of its own, with which the answer of a new socket agrees: it comes from anywhere, or from a port of NB
 * that A's SYN did not go to.
 */
const admits = (a: Known, b: Known): Truth => either(a.open, both(a.openToAddress, not(predictable(b))));

/** Not behind one NAT: there a low TTL does not end a SYN between the two, and nobody outside can forge what comes from within. */
const apart = (a: Known, b: Known): Truth =>
  a.outside === undefined || b.outside === undefined ? undefined : a.outside !== b.outside;

/** Who has no NAT can be reached from anywhere. */
const reaches = (a: Known, b: Known): Truth => (b.ports === "untranslated" ? true : apart(a, b));

/** What X forges fits only the sequence numbers that it was told. */
const forged = (a: Known, b: Known): readonly Truth[] => [a.sequenceKept, b.sequenceKept, apart(a, b)];

/** Case 4: nobody is told of the SYNs that die, and X's forgeries fit B's. */
function oneRandom(a: Known, b: Known): readonly Truth[] {
  return [b.sequenceKept, apart(a, b), not(predictable(a)), predictable(b), not(a.ttlError), not(b.ttlError)];
}

/** Case 6, and whatever is easier: NA has to let B's SYN in. */
function searchable(a: Known, b: Known): readonly Truth[] {
  return [apart(a, b), either(not(predictable(a)), not(predictable(b))), a.crossing];
}

const far = (a: Known, b: Known): Truth =>
  a.rttMs === undefined || b.rttMs === undefined ? undefined : (a.rttMs + b.rttMs) / 2 >= CROSSING_RTT_MS;
