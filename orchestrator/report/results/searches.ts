import { PLAIN_SPRAY } from "../../../wire/technique.ts";
import { table } from "../markdown-table.ts";
import { figure, percent, type Part } from "./part.ts";
import { drawRates } from "./rate-chart.ts";
import type { SearchPoint, SprayPoint } from "./rates.ts";
import { drawSearches } from "./search-chart.ts";
import { ALL_PORTS, blindSprayRate, searchMean, sprayRate } from "./theory.ts";

export function sweepPart(points: readonly SearchPoint[]): Part | undefined {
  if (points.length === 0) return undefined;
  const rows = points.map(({ at, direct, of, packets, ms }) => [
    at,
    `${direct}/${of}`,
    whole(mean(packets)),
    whole(searchMean()),
    `${whole(median(ms))} ms`,
    `${whole(ms.at(-1) ?? NaN)} ms`,
  ]);
  return {
    text: [
      "## The sweep of case 4",
      `In place of the birthday: A sends one SYN, X an ACK to every port of NA in random order until A hears one of them. That takes half of the ports
on average; X sends them in windows, two of which are under way when A hears one.`,
      figure("sweep", "Share of sweeps that had found the port, by packets, with theory"),
      table(
        ["One way", "Direct", "Packets, mean", "Ports up to the find, theory", "Time, median", "Time, longest"],
        rows,
      ),
    ].join("\n\n"),
    figures: [["sweep.svg", drawSearches("The sweep of case 4", points, ALL_PORTS)]],
  };
}

export function sprayPart(points: readonly SprayPoint[]): Part | undefined {
  if (points.length === 0) return undefined;
  return {
    text: [
      "## Case 6, both NATs random",
      `A's SYN to a port of NB that is a guess, the anchor; X's sweep finds the port that NA gave it; B sends SYNs to that port from ever more ports of its
own, until NB gives one the guessed port. NB gives no port twice, so that of n SYNs the share that hits is n / 64,512, but for the last percent, for
which Linux gives up to find a port (with the two anchors that natblaster-6 has by default, ${oneIn(sprayRate)} misses). Of those that found: packets
of X and B together, and the time from the start to the connection. Of all: how many connections each NAT began to track.`,
      figure("spray", "Share of direct trials by B's SYNs, with theory"),
      sprayTable(points),
    ].join("\n\n"),
    figures: [["spray.svg", drawRates("Case 6, both NATs random", "SYNs of B", points)]],
  };
}

export function blindPart(points: readonly SprayPoint[]): Part | undefined {
  if (points.length === 0) return undefined;
  return {
    text: [
      "## Case 6 without X's help",
      `Both sides send n SYNs to one port of the other's NAT, each from another port of its own. They meet if the port that each aims at is among those
that the other sprays from: (n / 64,512)², and ${percent(blindSprayRate(ALL_PORTS, 1))} with all. With the two ports that natblaster-6 aims at by default four
pairs can meet, and ${oneIn(blindSprayRate)} misses.`,
      figure("spray-blind", "Share of direct trials by the SYNs of each side, with theory"),
      sprayTable(points),
    ].join("\n\n"),
    figures: [["spray-blind.svg", drawRates("Case 6 without X's help", "SYNs of each side", points)]],
  };
}

function sprayTable(points: readonly SprayPoint[]): string {
  return table(
    ["SYNs", "Direct", "95 % interval (Wilson)", "Theory", "Packets, mean", "Time, median", "NA's table", "NB's table"],
    points.map(({ at, direct, of, low, high, theory, packets, ms, entries }) => [
      at,
      `${direct}/${of}`,
      `${percent(low)} to ${percent(high)}`,
      percent(theory),
      whole(mean(packets)),
      Number.isNaN(median(ms)) ? "?" : `${(median(ms) / 1000).toFixed(1)} s`,
      whole(median(entries.na)),
      whole(median(entries.nb)),
    ]),
  );
}

/** How many plain searches there are to one that misses, to one digit: the share that Linux leaves is known no better. */
function oneIn(rate: (packets: number, anchors: number) => number): string {
  const searches = 1 / (1 - rate(PLAIN_SPRAY.packets, PLAIN_SPRAY.anchors));
  return `1 in ${Number(searches.toPrecision(1)).toLocaleString("en")}`;
}

function whole(number: number): string {
  return Number.isNaN(number) ? "?" : number.toFixed(0);
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}

function median(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
