import { COVERAGE } from "../../../agents/probe/mode.ts";

// natbed-probe with its mode full, but for hours and minutes: at 1:60, a half second off whole ones, and a short look for silence
const { more } = COVERAGE.full;
const shortened = (times: readonly number[]) =>
  times.map((ms) => Math.min(8_500, Math.round(ms / 60_000) * 1000 + 500));
Object.assign(COVERAGE.full, {
  more: {
    ...more!,
    capacity: 64,
    idle: {
      synSent: shortened(more!.idle.synSent),
      established: shortened(more!.idle.established),
      closing: shortened(more!.idle.closing),
    },
  },
});
await import("../../../agents/natbed-probe.ts");
