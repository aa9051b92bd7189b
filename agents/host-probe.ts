import { formatEndpoint, port, type Ipv4 } from "../wire/address.ts";
import type { AttemptParameters } from "../wire/attempt.ts";
import { X_PORTS } from "../wire/rendezvous.ts";
import type { NatTraits } from "../wire/traits.ts";
import type { Recorder } from "./capture.ts";
import { log } from "./channel.ts";
import { habitOfAllocation, traitsOf } from "./choice/traits.ts";
import { claimWindow } from "./local-ports.ts";
import { TcpSocket } from "./net/tcp-socket.ts";
import { runBattery } from "./probe/battery.ts";
import { outsideOf, testPrediction } from "./probe/prediction.ts";
import { measureTtl } from "./probe/ttl.ts";

/** Offsets into the window of local ports: the battery's quick mode takes 14. */
const PORTS = { battery: 0, tests: 24, ttl: 32, dying: 48, asking: 49 } as const;
/** Two packets that follow each other may change places on the way within this time. */
const GRACE_MS = 30;
const ANSWER_WITHIN_MS = 3_000;

type Place = Pick<AttemptParameters, "x" | "localPort" | "seed">;

/**
 * Measures of the own NAT what a choice of technique turns on: the battery in its quick mode, and whether the error for a dying SYN comes
 * back. What cannot be measured (X serves no prober, this process sees no packets) is left out. Rejects where X does not even tell
 * outside endpoints.
 */
export async function probeTraits(drawn: Place, outside: Ipv4, recorder: Recorder | undefined): Promise<NatTraits> {
  const sockets: TcpSocket[] = [];
  const claimed = claimWindow(drawn.localPort);
  const place = { ...drawn, localPort: claimed.first };
  try {
    const nat = await batteryTraits(place, outside, recorder).catch((error: unknown) => {
      log("battery-failed", { reason: String(error) });
      return predictionTraits(place, outside, sockets);
    });
    const ttlError = await hearsTtlError(place, sockets).catch(() => undefined);
    return { ...nat, ...(ttlError === undefined ? {} : { ttlError }) };
  } finally {
    for (const socket of sockets) socket.destroy();
    claimed.release();
  }
}

async function batteryTraits({ x, localPort, seed }: Place, outside: Ipv4, recorder?: Recorder): Promise<NatTraits> {
  const fingerprint = await runBattery({
    x: { host: x, port: X_PORTS.prober },
    mode: "quick",
    localPort: localPort + PORTS.battery,
    seed,
    ...(recorder && { recorder }),
  });
  return traitsOf(fingerprint, outside);
}

async function predictionTraits({ x, localPort }: Place, outside: Ipv4, sockets: TcpSocket[]): Promise<NatTraits> {
  const started = performance.now();
  const { allocation } = await testPrediction(x, localPort + PORTS.tests, (socket) => sockets.push(socket));
  const rttMs = Math.round((performance.now() - started) / CONNECTIONS_OF_TEST);
  return { outside, rttMs, ports: habitOfAllocation(allocation) };
}

/** Each takes a handshake and an answer. */
const CONNECTIONS_OF_TEST = 8;

/**
 * Whether a SYN that dies one hop short of X is reported to this host, which ends its connect(). A question to X that is sent behind it is
 * answered behind the error: both come by way of the router where the SYN died.
 */
async function hearsTtlError({ x, localPort }: Place, sockets: TcpSocket[]): Promise<boolean> {
  const ttl = await measureTtl(x, localPort + PORTS.ttl, (socket) => sockets.push(socket));
  const [dying, asking] = [
    new TcpSocket({ localPort: localPort + PORTS.dying, ttl }),
    new TcpSocket({ localPort: localPort + PORTS.asking }),
  ];
  sockets.push(dying, asking);
  let heard = false;
  dying.connect(x, X_PORTS.probes[0]).catch(({ code }: NodeJS.ErrnoException) => {
    heard ||= code === "EHOSTUNREACH" || code === "ENETUNREACH";
  });
  const outside = await outsideOf(asking, { ip: x as Ipv4, port: port(X_PORTS.probes[1]) }, ANSWER_WITHIN_MS);
  await new Promise((resolve) => setTimeout(resolve, GRACE_MS));
  log("ttl-error", { ttl, heard, asked: formatEndpoint(outside) });
  return heard;
}
