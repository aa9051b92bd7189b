import { Recorder } from "./capture.ts";
import { serve } from "./channel.ts";
import { sendDatagrams } from "./datagrams.ts";
import { XServer } from "./x-server.ts";

/** The helper X in a world: its public services, and what the orchestrator may ask of it. */
const recorder = new Recorder("lazy");
const server = new XServer(() => recorder);
await server.listen();

serve({
  "capture-begin": () => {
    recorder.begin();
    return {};
  },
  "capture-end": () => recorder.end(),
  "send-raw": sendDatagrams,
  reset: () => {
    server.reset();
    return {};
  },
});
