import { checkPorts } from "./check/ports.ts";
import { checkStateless } from "./check/stateless.ts";
import { completeModel, refusalName, sameRefusal, type NatModel, type PartialModel, type SynRefusal } from "./model.ts";

/** Why no NAT can behave like `stated`, one sentence each; empty when the rule-set can be built. */
export function checkModel(stated: PartialModel & Pick<NatModel, "ports">): string[] {
  const model = completeModel(stated);
  return [
    ...checkPorts(model),
    ...checkAnswers(model),
    ...checkFilter(model),
    ...checkSessions(model),
    ...(model.sourceRoute === "stateless" ? checkStateless(model) : checkTimeouts(model)),
  ];
}

/** Calibration and rendezvous need some themselves. */
const FEWEST_SESSIONS = 32;
const MOST_SESSIONS = 65_535;

function checkSessions({ sessionLimit, sourceRoute }: NatModel): string[] {
  if (sessionLimit === undefined) return [];
  if (sourceRoute === "stateless")
    return ["a stateless NAT cannot have a sessionLimit: it keeps no connections that could be counted"];
  if (Number.isInteger(sessionLimit) && sessionLimit >= FEWEST_SESSIONS && sessionLimit <= MOST_SESSIONS) return [];
  return [
    `sessionLimit ${sessionLimit} is not a whole number of sessions from ${FEWEST_SESSIONS}, which a world's own take, to ${MOST_SESSIONS}`,
  ];
}

/** A SYN is held in a queue meanwhile; its sender gives up after about two minutes, and the first ten seconds are what a user sees. */
const DELAY_MS = { least: 100, most: 60_000 };

function checkAnswers({ unsolicitedSyn, wrongPeerSyn }: NatModel): string[] {
  const delays = Object.entries({ unsolicitedSyn, wrongPeerSyn }).flatMap(([axis, answer]) => checkDelay(axis, answer));
  const different =
    typeof unsolicitedSyn !== "string" &&
    typeof wrongPeerSyn !== "string" &&
    unsolicitedSyn.afterMs !== wrongPeerSyn.afterMs;
  return different
    ? [...delays, "unsolicitedSyn and wrongPeerSyn wait in one queue: their afterMs must be the same"]
    : delays;
}

function checkDelay(axis: string, answer: SynRefusal): string[] {
  if (typeof answer === "string") return [];
  const { afterMs } = answer;
  if (Number.isInteger(afterMs) && afterMs >= DELAY_MS.least && afterMs <= DELAY_MS.most) return [];
  return [
    `${axis}: afterMs ${afterMs} is not a whole number of milliseconds from ${DELAY_MS.least} to ${DELAY_MS.most}; RFC 5382 asks for 6000`,
  ];
}

/** Whom the filter lets in cannot be refused on another axis. */
function checkFilter({ filtering, unsolicitedSyn, wrongPeerSyn, crossingSyn, timeExceeded }: NatModel): string[] {
  const open = filtering === "endpoint-independent";
  const problems: string[] = [];
  if (open && !sameRefusal(unsolicitedSyn, wrongPeerSyn)) {
    problems.push(
      `wrongPeerSyn ${refusalName(wrongPeerSyn)} contradicts filtering ${filtering}: no peer of a mapping is wrong there, so leave it out`,
    );
  }
  if (filtering !== "address-and-port-dependent" && crossingSyn === "refuse") {
    problems.push(
      `crossingSyn refuse contradicts filtering ${filtering}: the peer that was sent to is one the filter lets in`,
    );
  }
  if (filtering !== "address-and-port-dependent" && timeExceeded === "teardown") {
    problems.push(
      `timeExceeded teardown contradicts filtering ${filtering}: the mapping is more than the connection that the error ends`,
    );
  }
  return problems;
}

/** Conntrack keeps timeouts as a signed 32 bit number of ticks, 1,000 a second at most. */
const MOST_SECONDS = Math.floor((2 ** 31 - 1) / 1000);

function checkTimeouts({ timeouts }: NatModel): string[] {
  return Object.entries(timeouts).flatMap(([name, seconds]) => {
    if (seconds === "never") {
      return [
        `timeouts: ${name} never is a stateless NAT's (sourceRoute: stateless); every other one forgets its mappings`,
      ];
    }
    if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MOST_SECONDS) return [];
    return [`timeouts: ${name} ${seconds} is not a whole number of seconds from 1 to ${MOST_SECONDS}`];
  });
}
