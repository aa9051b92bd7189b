import { sameEndpoint, type Endpoint, type Ipv4 } from "../../wire/address.ts";
import type { Binding, Fingerprint, SynFate, Tested } from "../../wire/fingerprint.ts";
import type { Allocation } from "../../wire/rendezvous.ts";
import type { NatTraits, PortHabit } from "../../wire/traits.ts";

type SeenBinding = Binding & { readonly outside: Endpoint };
type Defined<T> = { readonly [Key in keyof T]: Exclude<T[Key], undefined> };

/** A refusal that comes so late finds the two SYNs met: RFC 5382 REQ-4 asks NATs for this patience. */
const PATIENT_MS = 1_000;
/** Fewer connections show no pattern. */
const FEWEST_BINDINGS = 5;

/** What a choice turns on, read off a fingerprint; what was not tested, or shows nothing, is absent. */
export function traitsOf(seen: Fingerprint, outside: Ipv4): NatTraits {
  const sequence = ran(seen.sequence);
  const afterSyn = ran(seen.afterSyn)?.probes;
  const afterReset = afterSyn?.find(({ stimulus, probe }) => stimulus === "reset" && probe === "syn-ack");
  const answer = ran(seen.outOfState);
  return defined({
    outside,
    rttMs: Math.min(0xffff, Math.round(seen.rttMs)),
    ports: habitOf(ran(seen.bindings)?.made ?? []),
    open: openOf(ran(seen.strangers)?.probes ?? []),
    openToAddress: ran(seen.strangers)?.probes.find(({ from }) => from === "same-address-other-port")?.arrived,
    refusal: refusalOf(ran(seen.unsolicited)?.fate),
    crossing: afterSyn?.find(({ stimulus, probe }) => stimulus === "none" && probe === "syn")?.probeArrived,
    ignoresReset: afterReset && afterReset.stimulusArrived === false && afterReset.probeArrived,
    answersOut: answer && answer.from !== undefined && sameEndpoint(answer.from, answer.mapping),
    sequenceKept: sequence && sequence.isnSent === sequence.isnSeen,
    sourceRoute: routeOf(ran(seen.sourceRoute)),
  });
}

/** The habit behind the paper's two tests (Fig. 3), for a host whose X serves no prober. */
export function habitOfAllocation({ kind }: Allocation): PortHabit {
  return kind === "preserve" ? "preserved" : kind;
}

/** How outside ports follow from the connections made, in their order. */
function habitOf(made: readonly Binding[]): PortHabit | undefined {
  const seen = made.filter((binding): binding is SeenBinding => binding.outside !== undefined);
  if (seen.length < FEWEST_BINDINGS) return undefined;
  if (seen.every(({ local, outside }) => sameEndpoint(local, outside))) return "untranslated";
  if (seen.every(({ local, outside }) => local.port === outside.port)) return "preserved";
  const byLocal = [...Map.groupBy(seen, ({ local }) => local.port).values()];
  const repeated = byLocal.filter((all) => all.length > 1);
  if (repeated.length > 0 && repeated.every((all) => new Set(all.map(({ outside }) => outside.port)).size === 1))
    return "consistent";
  return inSteps(seen.map(({ outside }) => outside.port)) ? "sequential" : "random";
}

/** One constant step, but for one place where a range may have come round, or a neighbour taken a port. */
function inSteps(ports: readonly number[]): boolean {
  const steps = ports.slice(1).map((port, index) => port - (ports[index] ?? 0));
  const most = Math.max(...steps.map((step) => steps.filter((other) => other === step).length));
  return most >= steps.length - 1;
}

/** Strangers are let in where one from the peer's address and one from another both were. */
function openOf(probes: readonly { readonly arrived: boolean }[]): boolean | undefined {
  if (probes.some(({ arrived }) => !arrived)) return false;
  return probes.length > 1 ? true : undefined;
}

function refusalOf(fate: SynFate | undefined): NatTraits["refusal"] | undefined {
  if (fate === undefined || fate.kind === "accepted") return undefined;
  return fate.kind === "icmp" && fate.afterMs >= PATIENT_MS ? "silence" : fate.kind;
}

type Routed = Extract<Fingerprint["sourceRoute"], { ran: true }>;

/** `stock`: the answer from X's own address came through, or none did, since the NAT took X for the destination. */
function routeOf(routed: Routed | undefined): NatTraits["sourceRoute"] | undefined {
  if (!routed) return undefined;
  if (!routed.from) return "refuse";
  if (!routed.answerFromFinal) return "stock";
  return routed.answerFromX ? "stateless" : "aware";
}

function ran<T>(test: Tested<T>): Extract<Tested<T>, { ran: true }> | undefined {
  return test.ran ? (test as Extract<Tested<T>, { ran: true }>) : undefined;
}

/** Without the fields that are undefined: on the wire what is not known is absent. */
function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
