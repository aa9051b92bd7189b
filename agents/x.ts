import { Recorder } from "./capture.ts";
import { serve } from "./channel.ts";
import { sendDatagrams } from "./datagrams.ts";
import { PacketSender } from "./packet-sender.ts";
import { XServer } from "./x-server.ts";

/** The helper X in a world: its public services, and what the orchestrator may ask of it. */
const recorder = new Recorder();
/** Nobody else's network: cells that search for ports come one after the other. */
const FORGED_PER_SECOND = 1_000_000;
const server = new XServer(() => recorder, new PacketSender(FORGED_PER_SECOND));
await server.listen();

serve({
  "capture-begin": () => {
    recorder.begin();
    return {};
  },
  "capture-look": () => recorder.look(),
  "capture-end": () => recorder.end(),
  "send-raw": sendDatagrams,
  reset: () => {
    server.reset();
    return {};
  },
});
