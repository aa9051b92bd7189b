import { formatEndpoint } from "../../wire/address.ts";
import type { Binding, Fingerprint, SynFate, Tested, TimerPoint } from "../../wire/fingerprint.ts";

/** A fingerprint as lines that people read: what was seen, and why what was not tried was not. */
export function readableFingerprint(seen: Fingerprint): string {
  const line = <T>(name: string, test: Tested<T>, say: (test: T) => string | readonly string[]): string[] => {
    const said = test.ran ? [say(test)].flat() : [`not tried: ${test.why}`];
    return said.map((text, index) => `${(index === 0 ? name : "").padEnd(22)}${text}`);
  };
  return [
    `inside ${seen.inside.join(", ")}; X ${seen.x.join(", ")}; round trip ${seen.rttMs.toFixed(1)} ms; mode ${seen.mode}`,
    ...line("bindings", seen.bindings, ({ made }) => sayBindings(made)),
    ...line("low ports", seen.lowPorts, ({ made }) => sayBindings(made)),
    ...line("overloading", seen.overloading, ({ made }) => sayBindings(made)),
    ...line("capacity", seen.capacity, ({ opened, tried }) => `${opened} of ${tried} connections at once`),
    ...line("unsolicited SYN", seen.unsolicited, ({ fate }) => sayFate(fate)),
    ...line("  then own SYN", seen.unsolicitedThenSyn, ({ fate }) => sayFate(fate)),
    ...line("behind own SYN", seen.afterSyn, ({ probes }) =>
      probes.map(({ stimulus, stimulusArrived, probe, probeArrived, fate }) => {
        const before = stimulusArrived === undefined ? "" : `${stimulus} ${stimulusArrived ? "arrived" : "hidden"}, `;
        return `${before}${probe} ${probeArrived ? "arrived" : sayFate(fate)}`;
      }),
    ),
    ...line("strangers' SYNs", seen.strangers, ({ probes }) =>
      probes.map(({ from, arrived, fate }) => `${from}: ${arrived ? "arrived" : sayFate(fate)}`),
    ),
    ...line("own SYN+ACK", seen.outOfState, ({ mapping, from }) =>
      from ? `seen from ${formatEndpoint(from)}, mapping ${formatEndpoint(mapping)}` : "not seen at X",
    ),
    ...line("out of window", seen.outOfWindow, ({ arrived }) => (arrived ? "arrived" : "did not arrive")),
    ...line("sequence numbers", seen.sequence, ({ isnSent, isnSeen }) =>
      isnSent === isnSeen ? "kept" : `rewritten by ${(isnSeen - isnSent) >>> 0}`,
    ),
    ...line("source route", seen.sourceRoute, ({ from, answerFromFinal, answerFromX }) => {
      const answers = `answer from destination ${yes(answerFromFinal)}, from X ${yes(answerFromX)}`;
      return from ? `SYN seen from ${formatEndpoint(from)}; ${answers}` : "SYN not seen at X";
    }),
    ...line("hairpin", seen.hairpin, ({ from }) => (from ? `arrived from ${formatEndpoint(from)}` : "did not arrive")),
    ...line("timers", seen.timers, ({ synSent, established, closing }) => [
      `unanswered SYN ${sayTimer(synSent)}`,
      `established ${sayTimer(established)}`,
      `closing ${sayTimer(closing)}`,
    ]),
    ...line("prediction", seen.prediction, ({ hits, tries }) => `${hits} of ${tries} came true`),
  ].join("\n");
}

const yes = (came: boolean): string => (came ? "arrived" : "did not arrive");

function sayBindings(made: readonly Binding[]): readonly string[] {
  const byLocal = Map.groupBy(made, ({ local }) => formatEndpoint(local));
  return [...byLocal].map(([local, all]) => {
    const outside = all.map((binding) => (binding.outside ? formatEndpoint(binding.outside) : "none"));
    return `${local} → ${outside.join(" ")}`;
  });
}

function sayFate(fate: SynFate): string {
  switch (fate.kind) {
    case "silence":
      return `silence for ${fate.waitedMs} ms`;
    case "reset":
      return `RST after ${fate.afterMs.toFixed(0)} ms`;
    case "icmp":
      return `ICMP ${fate.type}/${fate.code} by ${fate.by} after ${fate.afterMs.toFixed(0)} ms`;
    case "accepted":
      return `SYN+ACK after ${fate.afterMs.toFixed(0)} ms`;
  }
}

function sayTimer(points: readonly TimerPoint[]): string {
  const times = (alive: boolean): string =>
    points.flatMap((point) => (point.alive === alive ? [`${point.idleMs / 1000}`] : [])).join(" ") || "–";
  return `alive after ${times(true)} s; gone after ${times(false)} s`;
}
