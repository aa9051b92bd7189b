import type { Tested } from "../../wire/fingerprint.ts";
import { sameEndpoint } from "../../wire/address.ts";
import { TcpSocket } from "../net/tcp-socket.ts";
import { skipped, type Ground } from "./ground.ts";
import { outsideOf, PORTS_PER_TEST, predictNext, testPrediction } from "./prediction.ts";

const ANSWER_WITHIN_MS = 2_500;

/** Predicts the outside endpoint of the next connection, to an address that was never sent to, and makes it; so many times. */
export async function testPredictions(
  { line, ports }: Ground,
  tries: number,
): Promise<Tested<{ readonly tries: number; readonly hits: number }>> {
  const target = line.endpoint(1, line.welcome.probes[0] ?? 0);
  if (!target) return skipped("X has one address only");
  let hits = 0;
  for (let done = 0; done < tries; done += 1) {
    const [firstPort = 0] = Array.from({ length: PORTS_PER_TEST }, () => ports.local());
    const nextPort = ports.local();
    const sockets: TcpSocket[] = [];
    try {
      const test = await testPrediction(line.welcome.addresses[0] ?? "", firstPort, (socket) => sockets.push(socket));
      const prediction = predictNext(test, nextPort);
      const socket = new TcpSocket({ localPort: prediction.localPort });
      sockets.push(socket);
      if (sameEndpoint(await outsideOf(socket, target, ANSWER_WITHIN_MS), prediction.outside)) hits += 1;
    } catch {
      // a connection that does not come about is a prediction that did not come true
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  }
  return { ran: true, tries, hits };
}
