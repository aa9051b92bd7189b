/**
 * `make bench`: how fast the main job is on this machine, as absolute figures to look at and as ratios to quote. Everything that
 * is compared runs in this one run, in turn, so that a slow or busy machine slows all of it. Takes some five minutes; rows are printed as
 * they are known.
 */
import { benchCapture } from "./bench/capture.ts";
import { benchControl } from "./bench/control.ts";
import { benchMatrix } from "./bench/matrix.ts";
import { benchSwaps } from "./bench/swaps.ts";
import { benchThroughput } from "./bench/throughput.ts";

const WIDTH = 64;

for (const bench of [benchControl, benchSwaps, benchCapture, benchThroughput, benchMatrix])
  for (const [name, value] of await bench()) console.log(`${name.padEnd(WIDTH)}  ${value}`);
