import { ipv4, port, type Endpoint } from "../../../wire/address.ts";
import type { AfterSyn, Binding, Fingerprint, Stimulus, SynFate, TimerPoint } from "../../../wire/fingerprint.ts";
import type { NatModel, SynRefusal } from "../../../orchestrator/nat/model.ts";

const NAT = ipv4("192.0.2.2");
const HOST = ipv4("10.1.0.2");
const X = [ipv4("203.0.113.2"), ipv4("203.0.113.3")] as const;
const FIRST_PORT = 20_000;
/** Parities do not alternate: two sequences of step 2 for evens and odds would look like one of step 1. */
const LOCAL_PORTS = [0, 1, 2, 4, 6, 3, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15];
const X_PORTS = [7001, 7002];
const IDLE_S = [0.25, 0.5, 1, 2, 4, 8];
const TRIED = 600;

/** Draws a number from 0 to n − 1. */
export type Draw = (n: number) => number;

/** What a prober would see of a NAT that does exactly what `model` says, every test run. */
export function observe(model: NatModel, draw: Draw): Fingerprint {
  const made = bind(model, draw);
  const [first] = made;
  const mapping = first?.outside ?? { ip: NAT, port: port(1) };
  return {
    version: 1,
    mode: "fast",
    takenAt: "2026-11-22T10:00:00.000Z",
    inside: [HOST],
    x: [...X],
    rttMs: 1,
    bindings: { ran: true, made },
    lowPorts: { ran: false, why: "simulated" },
    overloading: { ran: false, why: "simulated" },
    capacity: {
      ran: true,
      tried: TRIED,
      opened: Math.min(TRIED, model.blockSize ?? Infinity, model.sessionLimit ?? Infinity, sizeOf(model)),
    },
    unsolicited: { ran: true, fate: fateOf(model.unsolicitedSyn) },
    unsolicitedThenSyn: { ran: true, fate: { kind: "silence", waitedMs: 9000 } },
    afterSyn: { ran: true, probes: probeAfterSyn(model) },
    strangers: {
      ran: true,
      probes: [
        stranger("same-address-other-port", model.filtering !== "address-and-port-dependent", model),
        stranger("other-address", model.filtering === "endpoint-independent", model),
      ],
    },
    outOfState: { ran: true, mapping, ...outOfState(model, mapping) },
    outOfWindow: { ran: true, arrived: model.windowTracking === "liberal" },
    sequence: {
      ran: true,
      isnSent: 5,
      isnSeen: model.sequenceNumbers === "keep" ? 5 : 0x80000005,
      ackArrived: 6,
    },
    sourceRoute: {
      ran: true,
      ...(model.sourceRoute === "refuse" ? {} : { from: mapping }),
      answerFromFinal: model.sourceRoute === "aware" || model.sourceRoute === "stateless",
      answerFromX: model.sourceRoute === "stock" || model.sourceRoute === "stateless",
    },
    hairpin: { ran: true, arrived: model.hairpin },
    timers: {
      ran: true,
      synSent: points(model.timeouts.synSentS),
      established: points(model.timeouts.establishedS),
      closing: points(model.timeouts.closingS),
    },
    prediction: { ran: true, tries: 5, hits: 5 },
  };
}

/** Consecutive local ports, each to four endpoints of X. */
function bind(model: NatModel, draw: Draw): Binding[] {
  const mappings = new Map<string, Endpoint>();
  const next = allocator(model, draw);
  return LOCAL_PORTS.map((offset) => ({ ip: HOST, port: port(FIRST_PORT + offset) })).flatMap((local) =>
    X.flatMap((ip) =>
      X_PORTS.map((xPort) => {
        const x = { ip, port: port(xPort) };
        const peer = {
          "endpoint-independent": "",
          "address-dependent": ip,
          "address-and-port-dependent": `${ip}:${xPort}`,
        }[model.mapping];
        const key = `${local.port} ${peer}`;
        const outside = mappings.get(key) ?? { ip: NAT, port: port(next(local.port)) };
        mappings.set(key, outside);
        return { local, x, outside };
      }),
    ),
  );
}

function allocator({ ports }: NatModel, draw: Draw): (local: number) => number {
  const used = new Set<number>();
  if (ports.kind === "preserve") {
    return (local) => {
      const chosen = used.has(local) ? 30_000 + draw(30_000) : local;
      used.add(chosen);
      return chosen;
    };
  }
  const { from, to } = ports.range;
  if (ports.kind === "random") {
    return (local) => {
      for (;;) {
        const chosen = from + draw(to - from + 1);
        if (!ports.parity || chosen % 2 === local % 2) return chosen;
      }
    };
  }
  const start = ports.step > 0 ? from : to;
  const counters = [start, start % 2 === 0 ? start + Math.sign(ports.step) : start];
  if (start % 2 !== 0) counters[0] = start + Math.sign(ports.step);
  let at = start;
  return (local) => {
    const chosen = ports.parity ? counters[local % 2]! : at;
    const after = chosen + ports.step;
    const wrapped = after > to || after < from ? start + (ports.parity ? (chosen - start) % 2 : 0) : after;
    if (ports.parity) counters[local % 2] = wrapped;
    else at = wrapped;
    return chosen;
  };
}

function sizeOf({ ports }: NatModel): number {
  if (ports.kind === "preserve") return Infinity;
  const width = ports.range.to - ports.range.from;
  if (ports.kind === "random") return width + 1;
  return (width / Math.abs(ports.step) + 1) * (ports.parity ? 2 : 1);
}

function fateOf(refusal: SynRefusal): SynFate {
  if (typeof refusal !== "string") return { kind: "icmp", type: 3, code: 3, by: NAT, afterMs: refusal.afterMs + 3 };
  switch (refusal) {
    case "drop":
      return { kind: "silence", waitedMs: 9000 };
    case "reset":
      return { kind: "reset", afterMs: 1 };
    case "port-unreachable":
      return { kind: "icmp", type: 3, code: 3, by: NAT, afterMs: 1 };
    case "admin-prohibited":
      return { kind: "icmp", type: 3, code: 13, by: NAT, afterMs: 1 };
  }
}

function stranger(from: "same-address-other-port" | "other-address", arrived: boolean, { wrongPeerSyn }: NatModel) {
  return { from, arrived, fate: arrived ? ({ kind: "accepted", afterMs: 1 } as const) : fateOf(wrongPeerSyn) };
}

function probeAfterSyn(model: NatModel): AfterSyn[] {
  const silence: SynFate = { kind: "silence", waitedMs: 120 };
  const survives: Record<Stimulus, boolean> = {
    none: true,
    reset: model.reset === "deliver-and-keep" || model.reset === "ignore",
    "time-exceeded": model.timeExceeded !== "teardown",
    unreachable: true,
  };
  const arrives: Record<Stimulus, boolean> = {
    none: false,
    reset: model.reset.startsWith("deliver"),
    "time-exceeded": model.timeExceeded !== "drop",
    unreachable: true,
  };
  return (Object.keys(survives) as Stimulus[]).flatMap((stimulus) =>
    (["syn", "syn-ack"] as const).map((probe) => ({
      stimulus,
      probe,
      ...(stimulus === "none" ? {} : { stimulusArrived: arrives[stimulus] }),
      probeArrived: survives[stimulus] && (probe === "syn-ack" || model.crossingSyn === "accept"),
      fate: silence,
    })),
  );
}

function outOfState({ outOfState }: NatModel, mapping: Endpoint): { from?: Endpoint } {
  if (outOfState === "drop") return {};
  return { from: outOfState === "translate" ? mapping : { ip: HOST, port: port(FIRST_PORT) } };
}

function points(timeoutS: number | "never"): TimerPoint[] {
  return IDLE_S.map((idleS) => ({ idleMs: idleS * 1000, alive: timeoutS === "never" || idleS < timeoutS }));
}
