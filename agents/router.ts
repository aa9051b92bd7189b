import { Recorder } from "./capture.ts";
import { log, serve } from "./channel.ts";
import { Conntrack } from "./conntrack.ts";
import { CoreQueue } from "./core/queue.ts";
import { sendDatagrams } from "./datagrams.ts";
import { GatewayBox } from "./nat/gateway.ts";

/** The agent of NA, NB and R: captures, conntrack, and (in R) the user-space hop. */
const recorder = new Recorder();
const conntrack = new Conntrack();
const queue = new CoreQueue();
const gateway = new GatewayBox(conntrack);

serve({
  "capture-begin": () => {
    recorder.begin();
    return {};
  },
  "capture-look": () => recorder.look(),
  "capture-end": () => recorder.end(),
  "conntrack-flush": () => {
    conntrack.flush();
    gateway.forget();
    return {};
  },
  "conntrack-dump": () => ({ records: conntrack.dump() }),
  "conntrack-end": () => conntrack.events(),
  "gateway-load": async (rules) => ({ readBack: await gateway.load(rules) }),
  "core-start": () => {
    queue.start();
    return {};
  },
  "core-set": ({ core, seed }) => {
    queue.set(core, seed);
    return {};
  },
  "core-drain": () => ({ dropped: queue.drain() }),
  "send-raw": sendDatagrams,
  "x-link": ({ state }) => {
    const dropped = queue.setLink(state);
    log("x-link", state === "cut" ? { state } : { state, dropped });
    return { dropped };
  },
});
