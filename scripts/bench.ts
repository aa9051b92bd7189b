/**
 * `make bench`: how fast the main job is on this machine, as absolute figures to look at and as ratios to quote. Everything that
 * is compared runs in this one run, in turn, so that a slow or busy machine slows all of it.
 */
import { benchControl } from "./bench/control.ts";
import { benchMatrix } from "./bench/matrix.ts";
import { benchSwaps } from "./bench/swaps.ts";

const rows = [...(await benchControl()), ...(await benchSwaps()), ...(await benchMatrix())];
const width = Math.max(...rows.map(([name]) => name.length));
for (const [name, value] of rows) console.log(`${name.padEnd(width)}  ${value}`);
