import type { CellResult, Rate } from "../events.ts";
import { birthdayRate, blindSprayRate, sprayRate, undisturbedRate } from "./theory.ts";

/** A share of trials that chance decided, and what theory says it is. */
export interface RatePoint extends Rate {
  /** What was varied, e.g. `439` or `100 ms`. */
  readonly at: string;
  readonly theory: number;
  /** A figure that theory was given, for the reader; none where the cell says it all. */
  readonly given: string;
}

/** NATBLASTER's birthday, by the number of SYNs and of forged SYN+ACKs. */
export function birthdays(results: readonly CellResult[]): RatePoint[] {
  return results.flatMap(({ cell: { technique }, rate }) =>
    technique.name === "natblaster-4" && "syns" in technique && rate
      ? [{ ...rate, at: String(technique.syns), theory: birthdayRate(technique.syns, technique.syns), given: "" }]
      : [],
  );
}

/** The birthday by sockets alone, by how many each side opens. */
export function openBirthdays(results: readonly CellResult[]): RatePoint[] {
  return results.flatMap(({ cell: { technique }, rate }) =>
    technique.name === "birthday-open" && rate
      ? [
          {
            ...rate,
            at: `${technique.sockets} × ${technique.targets}`,
            theory: birthdayRate(technique.sockets, technique.targets),
            given: "",
          },
        ]
      : [],
  );
}

/** A prediction of a sequential NAT's next port, by how often a neighbour beside A takes a port. */
export function predictions(results: readonly CellResult[]): RatePoint[] {
  return results.flatMap(({ cell, rate, trials }) => {
    const { neighbours, technique } = cell;
    if (neighbours?.a?.arrivals !== "poisson" || !rate || !("gapMs" in technique)) return [];
    const { everyMs } = neighbours.a;
    const measured = trials.flatMap(({ measures }) => measures?.predictionAgeMs?.a ?? []);
    const ages = measured.length > 0 ? measured : [technique.gapMs];
    const mean = ages.reduce((sum, age) => sum + age, 0) / ages.length;
    return [{ ...rate, at: `${everyMs} ms`, theory: undisturbedRate(ages, everyMs), given: `${mean.toFixed(0)} ms` }];
  });
}

/** What searches for a port took that ended with it. */
export interface SearchPoint extends Rate {
  /** The core's delay. */
  readonly at: string;
  /** Packets of each search, the fewest first. */
  readonly packets: readonly number[];
  /** Time of each search, the shortest first. */
  readonly ms: readonly number[];
}

/** The sweep of ACKs over all ports of NA, by the core's delay. */
export function sweeps(results: readonly CellResult[]): SearchPoint[] {
  return results.flatMap(({ cell: { technique, core }, rate, trials }) => {
    if (technique.name !== "natblaster-4" || technique.search !== "ack-sweep" || !rate) return [];
    const searched = trials.flatMap(({ outcome }) =>
      outcome.verdict === "direct" ? (outcome.proof.searched ?? []) : [],
    );
    const packets = ascending(searched.map((one) => one.packets));
    return [{ ...rate, at: `${core.delayMs} ms`, packets, ms: ascending(searched.map(({ ms }) => ms)) }];
  });
}

/** Simultaneous open past NATs with one answer to an unsolicited SYN: how often the SYNs crossed, by skew and delay. */
export interface CrossingMap {
  readonly answer: string;
  readonly skewsMs: readonly number[];
  readonly delaysMs: readonly number[];
  at(skewMs: number, delayMs: number): Rate | undefined;
}

export function crossings(results: readonly CellResult[]): CrossingMap[] {
  const points = results.flatMap(({ cell: { technique, core, na }, rate }) =>
    technique.name === "simultaneous-open" && rate && na.kind === "nat" && typeof na.model.unsolicitedSyn === "string"
      ? [{ answer: na.model.unsolicitedSyn, skewMs: technique.skewMs, delayMs: core.delayMs, rate }]
      : [],
  );
  return [...Map.groupBy(points, ({ answer }) => answer)].map(([answer, members]) => ({
    answer,
    skewsMs: ascending([...new Set(members.map(({ skewMs }) => skewMs))]),
    delaysMs: ascending([...new Set(members.map(({ delayMs }) => delayMs))]),
    at: (skewMs, delayMs) => members.find((one) => one.skewMs === skewMs && one.delayMs === delayMs)?.rate,
  }));
}

function ascending(numbers: readonly number[]): number[] {
  return numbers.toSorted((p, q) => p - q);
}

/** A search with both NATs random: how often it ended with a connection, and what that took. */
export interface SprayPoint extends RatePoint {
  /** Packets of each search that found, the fewest first. */
  readonly packets: readonly number[];
  /** From start to connection of each that found, the shortest first, in ms. */
  readonly ms: readonly number[];
  /** Connections that NA and NB began to track in each trial, the fewest first. */
  readonly entries: Readonly<Record<"na" | "nb", readonly number[]>>;
}

/** Case 6 with X's sweep or blind, by the number of SYNs: B's for each anchor, or each side's. */
export function sprays(results: readonly CellResult[], search: "anchor" | "blind"): SprayPoint[] {
  return results.flatMap(({ cell: { technique }, rate, trials }) => {
    if (technique.name !== "natblaster-6" || technique.search !== search || !rate) return [];
    const proofs = trials.flatMap(({ outcome }) => (outcome.verdict === "direct" ? [outcome.proof] : []));
    const entriesOf = (at: "na" | "nb") =>
      ascending(trials.flatMap(({ measures }) => measures?.entriesMade?.[at] ?? []));
    const { packets } = technique;
    return [
      {
        ...rate,
        at: String(packets),
        theory: (search === "anchor" ? sprayRate : blindSprayRate)(packets, technique.anchors),
        given: "",
        packets: ascending(proofs.flatMap(({ searched }) => searched?.packets ?? [])),
        ms: ascending(proofs.map(({ connectMs }) => connectMs)),
        entries: { na: entriesOf("na"), nb: entriesOf("nb") },
      },
    ];
  });
}
