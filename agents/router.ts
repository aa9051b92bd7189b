import { Recorder } from "./capture.ts";
import { serve } from "./channel.ts";
import { Conntrack } from "./conntrack.ts";
import { CoreQueue } from "./core-queue.ts";

/** The agent of NA, NB and R: captures, conntrack, and (in R) the user-space hop. */
const recorder = new Recorder("lazy");
const conntrack = new Conntrack();
const queue = new CoreQueue();

serve({
  "capture-begin": () => {
    recorder.begin();
    return {};
  },
  "capture-end": () => recorder.end(),
  "conntrack-flush": () => {
    conntrack.flush();
    return {};
  },
  "conntrack-dump": () => ({ records: conntrack.dump() }),
  "conntrack-end": () => conntrack.events(),
  "core-start": () => {
    queue.start();
    return {};
  },
  "x-link": ({ state }) => ({ dropped: queue.setLink(state) }),
});
