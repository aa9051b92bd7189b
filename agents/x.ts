import type { Operations, SynAnswer } from "../wire/control.ts";
import { Recorder } from "./capture.ts";
import { serve } from "./channel.ts";
import { sendDatagrams } from "./datagrams.ts";
import { TcpSocket } from "./net/tcp-socket.ts";
import { XServer } from "./x-server.ts";

/** The helper X in a world: its public services, and what the orchestrator may ask of it. */
const recorder = new Recorder("lazy");
const server = new XServer(recorder);
await server.listen();

serve({
  "capture-begin": () => {
    recorder.begin();
    return {};
  },
  "capture-end": () => recorder.end(),
  "send-raw": sendDatagrams,
  "syn-answer": async (parameters) => ({ answer: await askUnsolicited(parameters) }),
  reset: () => {
    server.reset();
    return {};
  },
});

/** Connects to an outside port that nobody opened, and tells how the NAT answers. */
async function askUnsolicited({ to, waitMs }: Operations["syn-answer"]["parameters"]): Promise<SynAnswer> {
  const socket = new TcpSocket({ localPort: 0 });
  const silence = new Promise<SynAnswer>((resolve) => setTimeout(resolve, waitMs, "silence"));
  const answered = socket.connect(to.ip, to.port).then<SynAnswer, SynAnswer>(
    () => "connected",
    (error: { code?: string }) => (error.code === "ECONNREFUSED" ? "reset" : "unreachable"),
  );
  const answer = await Promise.race([answered, silence]);
  socket.destroy();
  return answer;
}
