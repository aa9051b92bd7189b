import { parseEndpoint, port, type Endpoint, type Ipv4 } from "../../wire/address.ts";
import { LineSplitter, X_PORTS, type Allocation } from "../../wire/rendezvous.ts";
import { TcpSocket } from "../net/tcp-socket.ts";
import type { Prediction } from "../technique/machine.ts";
import { shiftedPort } from "../technique/shifted-port.ts";

/** One connection to X as seen from inside and from outside. */
export interface Mapping {
  readonly localPort: number;
  readonly outside: Endpoint;
}

export interface PredictionTest {
  /** Test 1: connections from consecutive local ports to one port of X, in order. */
  readonly consecutive: readonly Mapping[];
  /** Test 2: once more from the last of these local ports, to another port of X. */
  readonly repeated: Mapping;
  readonly allocation: Allocation;
}

const CONSECUTIVE = 3;
const ANSWER_WITHIN_MS = 2_000;

/** Local ports one run of the tests uses. */
export const PORTS_PER_TEST = CONSECUTIVE;

/**
 * The two tests of the NATBLASTER paper's Fig. 3. The sockets stay open, so that their mappings stay too; the caller
 * closes them through `keep`.
 */
export async function testPrediction(
  x: string,
  firstPort: number,
  keep: (socket: TcpSocket) => void,
): Promise<PredictionTest> {
  const [first, second] = X_PORTS.probes;
  const consecutive: Mapping[] = [];
  for (let localPort = firstPort; localPort < firstPort + CONSECUTIVE; localPort += 1)
    consecutive.push(await askOutside({ x, xPort: first, localPort }, keep));
  const repeated = await askOutside({ x, xPort: second, localPort: firstPort + CONSECUTIVE - 1 }, keep);
  return { consecutive, repeated, allocation: classifyAllocation(consecutive, repeated) };
}

/** What both tests say together; anything that is not one constant step is random. */
export function classifyAllocation(consecutive: readonly Mapping[], repeated: Mapping): Allocation {
  const all = [...consecutive, repeated];
  if (all.every(({ localPort, outside }) => outside.port === localPort)) return { kind: "preserve" };
  if (consecutive.at(-1)?.outside.port === repeated.outside.port) return { kind: "consistent" };
  const deltas = all.slice(1).map(({ outside }, index) => outside.port - (all[index]?.outside.port ?? 0));
  const [delta = 0] = deltas;
  return deltas.every((other) => other === delta) ? { kind: "sequential", delta } : { kind: "random" };
}

/**
 * The outside endpoint of the next new connection, made from `localPort`. For a NAT that is random this is only the
 * last port seen: no better guess exists.
 */
export function predictNext({ allocation, repeated, consecutive }: PredictionTest, localPort: number): Prediction {
  const { ip, port: last } = repeated.outside;
  switch (allocation.kind) {
    case "preserve":
      return { localPort, outside: { ip, port: port(localPort) } };
    case "consistent": // the mapping of the probed port holds for every destination
      return { localPort: consecutive.at(-1)?.localPort ?? localPort, outside: repeated.outside };
    case "sequential":
      return { localPort, outside: { ip, port: shiftedPort(last, allocation.delta) } };
    case "random":
      return { localPort, outside: repeated.outside };
  }
}

interface Question {
  readonly x: string;
  readonly xPort: number;
  readonly localPort: number;
}

/** Connects to one of X's probe ports, which answers with the endpoint it sees. */
async function askOutside({ x, xPort, localPort }: Question, keep: (socket: TcpSocket) => void): Promise<Mapping> {
  const socket = new TcpSocket({ localPort });
  keep(socket);
  return { localPort, outside: await outsideOf(socket, { ip: x as Ipv4, port: port(xPort) }, ANSWER_WITHIN_MS) };
}

/** Connects a socket to one of X's probe ports and returns the outside endpoint that X sees; rejects where it does not answer in time. */
export function outsideOf(socket: TcpSocket, x: Endpoint, withinMs: number): Promise<Endpoint> {
  return new Promise((resolve, reject) => {
    const { stream } = socket;
    const late = setTimeout(reject, withinMs, new Error("probe port did not answer"));
    const splitter = new LineSplitter();
    stream.on("close", () => clearTimeout(late));
    stream.on("error", reject);
    stream.on("data", (chunk: Buffer) => {
      const [line] = splitter.push(chunk.toString("latin1")).lines;
      if (line === undefined) return;
      clearTimeout(late);
      const outside = parseEndpoint(line);
      if (outside.ok) resolve(outside.value);
      else reject(new Error(`probe port answered ${JSON.stringify(line)}`));
    });
    socket.connect(x.ip, x.port).then(() => stream.resume(), reject);
  });
}
