import type { CellResult } from "../events.ts";
import { table } from "../markdown-table.ts";
import { drawCrossings } from "./heat-map.ts";
import { figure, percent, type Part } from "./part.ts";
import { drawRates } from "./rate-chart.ts";
import { birthdays, crossings, openBirthdays, predictions, sprays, sweeps, type RatePoint } from "./rates.ts";
import { blindPart, sprayPart, sweepPart } from "./searches.ts";

/** What chance decides, each beside its theory; a part about which no cell says anything is not there. */
export function chanceParts(results: readonly CellResult[]): readonly Part[] {
  return [
    birthdayPart(birthdays(results)),
    sweepPart(sweeps(results)),
    sprayPart(sprays(results, "anchor")),
    blindPart(sprays(results, "blind")),
    openBirthdayPart(openBirthdays(results)),
    predictionPart(predictions(results)),
    crossingPart(results),
  ].filter((part) => part !== undefined);
}

function birthdayPart(points: readonly RatePoint[]): Part | undefined {
  if (points.length === 0) return undefined;
  return {
    text: [
      "## The birthday of case 4",
      `NA gives every connection a random port out of 64,512. A sends T SYNs, X forges T SYN+ACKs to random ports of NA, and one of them has to meet
a mapping. Without replacement on either side that is 1 − ∏ (64512 − T − i) / (64512 − i), i from 0 to T − 1.`,
      figure("birthday", "Share of direct trials by T, with theory"),
      rateTable("T", points),
    ].join("\n\n"),
    figures: [["birthday.svg", drawRates("The birthday of case 4", "SYNs and SYN+ACKs, each", points)]],
  };
}

function openBirthdayPart(points: readonly RatePoint[]): Part | undefined {
  if (points.length === 0) return undefined;
  return {
    text: [
      "## The birthday without X and without a capability",
      `A opens that many ordinary sockets to one port of NB, which gives each a random port; B opens that many, from that port, to random ports of NA.
One pair has to meet.`,
      figure("birthday-open", "Share of direct trials by sockets, with theory"),
      rateTable("Sockets of A × B", points),
    ].join("\n\n"),
    figures: [["birthday-open.svg", drawRates("The birthday by sockets alone", "sockets of A × sockets of B", points)]],
  };
}

function predictionPart(points: readonly RatePoint[]): Part | undefined {
  if (points.length === 0) return undefined;
  return {
    text: [
      "## A prediction beside a neighbour",
      `NA gives out ports in sequence, and a neighbour of A's opens connections at random, so far apart on average. A prediction holds if none of them
comes between the last probe and the SYN: e^(−age / pause). The age is measured in every trial, and theory is the mean over all of them.`,
      figure("prediction", "Share of predictions that held by the neighbour's pause, with theory"),
      rateTable("One connection per", points, "Mean age"),
    ].join("\n\n"),
    figures: [
      ["prediction.svg", drawRates("Predictions that held", "a neighbour's connection every so often", points)],
    ],
  };
}

function crossingPart(results: readonly CellResult[]): Part | undefined {
  const maps = crossings(results);
  if (maps.length === 0) return undefined;
  const pictures = maps.map(({ answer }) => figure(`crossing-${answer}`, `Direct trials where a SYN meets ${answer}`));
  const tables = maps.flatMap((map) => [
    `### An unsolicited SYN is answered with ${map.answer}`,
    table(
      ["One way", ...map.skewsMs.map((skew) => `skew ${skew} ms`)],
      map.delaysMs.map((delay) => [
        `${delay} ms`,
        ...map.skewsMs.map((skew) => {
          const rate = map.at(skew, delay);
          return rate ? `${rate.direct}/${rate.of}` : "";
        }),
      ]),
    ),
  ]);
  return {
    text: [
      "## SYNs that cross",
      `Simultaneous open, B's SYN later than A's by the skew. Where NATs drop an early SYN, the late one crosses its track at the near NAT, whatever
the times. Where they answer with RST, A's hole is closed again before B's SYN comes, unless the SYNs truly cross: the skew is shorter
than the way (left of the line). Where both are alike it is a race, and close to it the machine's own punctuality decides.`,
      ...pictures,
      ...tables,
    ].join("\n\n"),
    figures: maps.map((map) => [`crossing-${map.answer}.svg`, drawCrossings(map)] as const),
  };
}

function rateTable(varied: string, points: readonly RatePoint[], given?: string): string {
  return table(
    [varied, "Direct", "Share", "95 % interval (Wilson)", "Theory", ...(given ? [given] : [])],
    points.map((point) => [
      point.at,
      `${point.direct}/${point.of}`,
      percent(point.direct / point.of),
      `${percent(point.low)} to ${percent(point.high)}`,
      percent(point.theory),
      ...(given ? [point.given] : []),
    ]),
  );
}
