import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { PROBE_MODES, type ProbeMode } from "../wire/fingerprint.ts";
import { X_PORTS } from "../wire/rendezvous.ts";
import { Recorder } from "./capture.ts";
import { resolveX } from "./net/resolve.ts";
import { runBattery } from "./probe/battery.ts";
import { LOCAL_PORTS } from "./probe/ground.ts";
import { readableFingerprint } from "./probe/text.ts";

/**
 * The prober as a program of its own, on any Linux machine with Node: measures the NAT between this machine and an X. Raw packets need
 * CAP_NET_RAW; without it the tests that need none still run. Exit code 0: measured, 1: X cannot be reached, 2: asked wrongly.
 */
const USAGE = `usage: node natbed-probe.js --x HOST[:PORT] [--mode ${PROBE_MODES.join("|")}] [--local-port N] [--json]
  --x           X's address, and its prober's port (${X_PORTS.prober})
  --mode        quick: under a second; fast: some 10 s, the default; full: timers up to two hours
  --local-port  first of ${LOCAL_PORTS} local TCP ports to use (a random one)
  --json        the whole fingerprint as JSON`;
/** Below the kernel's own choice of local ports (ip_local_port_range starts at 32768). */
const LOCAL_PORTS_FROM = 20_000;
const LOCAL_PORTS_TO = 32_000;

const asked = readArguments();
if (!asked) {
  console.error(USAGE);
  process.exit(2);
}
try {
  const { json, ...options } = asked;
  const x = { ...options.x, host: await resolveX(options.x.host) };
  const fingerprint = await runBattery({ ...options, x, seed: randomInt(2 ** 31), ...openRecorder() });
  console.log(json ? JSON.stringify(fingerprint, undefined, 2) : readableFingerprint(fingerprint));
  process.exit(0); // a packet socket stays open otherwise
} catch (error) {
  console.error(`natbed-probe: ${(error as Error).message}`);
  process.exit(1);
}

interface Asked {
  readonly x: { readonly host: string; readonly port: number };
  readonly mode: ProbeMode;
  readonly localPort: number;
  readonly json: boolean;
}

function readArguments(): Asked | undefined {
  try {
    const { values } = parseArgs({
      options: {
        x: { type: "string" },
        mode: { type: "string", default: "fast" },
        "local-port": { type: "string", default: String(randomInt(LOCAL_PORTS_FROM, LOCAL_PORTS_TO)) },
        json: { type: "boolean", default: false },
      },
    });
    const [host = "", portText = String(X_PORTS.prober), ...rest] = (values.x ?? "").split(":");
    const mode = PROBE_MODES.find((known) => known === values.mode);
    const [portNumber, localPort] = [Number(portText), Number(values["local-port"])];
    const valid = host !== "" && rest.length === 0 && isPort(portNumber) && isPort(localPort) && mode !== undefined;
    if (!valid || localPort + LOCAL_PORTS > 65_536) return undefined;
    return { x: { host, port: portNumber }, mode, localPort, json: values.json };
  } catch {
    return undefined; // an option that is none: usage says which there are
  }
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value <= 65_535;
}

/** This host's packets, where the program may see them. */
function openRecorder(): { recorder?: Recorder } {
  try {
    return { recorder: new Recorder() };
  } catch (error) {
    if ((error as { code?: string }).code !== "EPERM") throw error;
    return {};
  }
}
