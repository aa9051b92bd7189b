import { parseArgs } from "node:util";
import { X_PORTS } from "../wire/rendezvous.ts";
import { Recorder } from "./capture.ts";
import { divertLog } from "./channel.ts";
import { nft } from "./net/nftables.ts";
import { RawSocket } from "./net/raw-socket.ts";
import { FORGED_PER_SECOND, PacketSender } from "./packet-sender.ts";
import { refusalLog } from "./refusal-log.ts";
import { XServer } from "./x-server.ts";

/** X as a program of its own, on any Linux machine that hosts behind NATs can reach. Exit code 0: stopped, 1: cannot serve, 2: asked wrongly. */
const LEAST_FORGED = 100;
const { rendezvous, probes, relay, prober, silent } = X_PORTS;
const USAGE = `usage: node natbed-x.js [--forged-per-second N] [--help]
Serves hosts behind NATs until it is stopped (SIGTERM or SIGINT). What it refuses is on standard error.

TCP ports, which a firewall must let in:
  ${rendezvous}       rendezvous: the two hosts of a session find each other
  ${probes.join(", ")} probe ports: tell a host its outside endpoint
  ${relay}       relay: bytes between two hosts of a session
  ${prober}       prober: natbed probe --x THIS-MACHINE
  ${silent.from}-${silent.to}  answer nothing while probers are served (nft table ip natbed_silent, gone when this ends)

--forged-per-second N  packets that all sessions together may have forged, from ${LEAST_FORGED} up (default ${FORGED_PER_SECOND},
  some 2.5 Mbit/s); after a quiet time 20 seconds' worth at once

CAP_NET_RAW  to forge packets for a session, and for probers
CAP_NET_ADMIN and libnftables1  for probers
The rest is served without either.`;

const budget = readArguments();
if (budget === undefined) process.exit(2);
divertLog(refusalLog((line) => console.error(`${new Date().toISOString()} ${line}`)));
for (const line of lacks()) console.error(`natbed-x: ${line}`);
const server = new XServer(() => new Recorder(), new PacketSender(budget));
process.on("exit", () => server.close());
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(0));
try {
  await server.listen();
  console.log(`natbed-x: serves at TCP ports ${[rendezvous, ...probes, relay, prober].join(", ")}`);
} catch (error) {
  console.error(`natbed-x: ${reasonOf(error as NodeJS.ErrnoException & { readonly port?: number })}`);
  process.exit(1);
}

/** Packets to forge a second; undefined where the usage was printed instead, on standard output where it was asked for. */
function readArguments(): number | undefined {
  try {
    const { values } = parseArgs({
      options: { "forged-per-second": { type: "string" }, help: { type: "boolean", short: "h" } },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    const given = values["forged-per-second"] ?? String(FORGED_PER_SECOND);
    if (!/^\d{1,9}$/.test(given) || Number(given) < LEAST_FORGED)
      throw new Error(`--forged-per-second: received ${given}, must be a whole number from ${LEAST_FORGED} up`);
    return Number(given);
  } catch (error) {
    console.error(`natbed-x: ${(error as Error).message}\n${USAGE}`);
    return undefined;
  }
}

/** What this process may not do, and what does not work for it. */
function lacks(): readonly string[] {
  const found: string[] = [];
  try {
    new RawSocket().close();
  } catch (error) {
    found.push(
      `${(error as Error).message}: nothing is forged, so that natblaster-1 to -6 and stunt-1 fail, and probers are refused`,
    );
  }
  try {
    nft("list tables\n"); // answered only to whoever may also change them
  } catch (error) {
    found.push(`${(error as Error).message.split("\n")[0]}: probers are refused`);
  }
  return found;
}

function reasonOf({ code, message, port }: NodeJS.ErrnoException & { readonly port?: number }): string {
  if (code === "EADDRINUSE")
    return `TCP port ${port} is taken by another program (another natbed-x?): ss -ltnp 'sport = :${port}' shows which`;
  return message;
}
