import type { Operations } from "../wire/control.ts";
import { X_PORTS } from "../wire/rendezvous.ts";
import { Recorder } from "./capture.ts";
import { serve } from "./channel.ts";
import { Noise } from "./noise.ts";
import { openAttempt } from "./open-attempt.ts";
import { runBattery } from "./probe/battery.ts";
import { transfer } from "./transfer.ts";

/** The agent of A, B and A's neighbour A2 in a world. */
const recorder = new Recorder();
let attempt: ReturnType<typeof openAttempt> | undefined;
let noise: Noise | undefined;

serve({
  "capture-begin": () => {
    recorder.begin();
    return {};
  },
  "capture-look": () => recorder.look(),
  "capture-end": () => recorder.end(),
  probe: ({ x, ...options }) => runBattery({ x: { host: x, port: X_PORTS.prober }, ...options, recorder }),
  attempt: async (parameters: Operations["attempt"]["parameters"]) => {
    await attempt?.dispose();
    attempt = openAttempt(parameters, recorder);
    return attempt.run();
  },
  transfer: (parameters) => {
    if (!attempt) throw new Error("no attempt to transfer on");
    return transfer(attempt.stream, parameters);
  },
  "noise-begin": async (parameters) => {
    noise = new Noise(parameters);
    await noise.first;
    return {};
  },
  "noise-end": () => ({ opened: noise?.end() ?? 0 }),
  reset: async () => {
    noise?.end();
    await attempt?.dispose();
    [noise, attempt] = [undefined, undefined];
    return {};
  },
});
