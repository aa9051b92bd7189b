import { setTimeout as sleep } from "node:timers/promises";
import { Noise } from "./noise.ts";
import { setting } from "./setting.ts";

/** A2's part by hand in a world without orchestrator: `node agents/neighbour.js [FOR_MS]` keeps opening connections through NA. */
const forMs = Number(process.argv[2] ?? 10_000);
const noise = new Noise({
  x: setting("NATBED_X"),
  everyMs: Number(setting("NATBED_EVERY_MS")),
  arrivals: setting("NATBED_ARRIVALS") === "poisson" ? "poisson" : "regular",
  seed: Date.now(),
});
await sleep(forMs);
console.log(JSON.stringify({ opened: noise.end() }));
