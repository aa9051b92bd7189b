import type { Agent } from "../../orchestrator/world/agent.ts";
import { ADDRESS } from "../../orchestrator/plan/addresses.ts";
import { X_PORTS } from "../../wire/rendezvous.ts";
import { NODE } from "./world.ts";

/** Connects from consecutive local ports one after the other, prints the outside endpoint of each, and leaves with RST. */
const OPEN_MANY = `
const { connect } = require("node:net");
const [x, port, first, count] = process.argv.slice(1);
const sockets = [];
const open = (localPort) => new Promise((resolve, reject) => {
  const socket = connect({ host: x, port: Number(port), localPort });
  sockets.push(socket);
  socket.on("data", (line) => resolve(String(line).trim())).on("error", reject);
});
(async () => {
  const seen = [];
  for (let i = 0; i < count; i++) seen.push(await open(Number(first) + i));
  for (const socket of sockets) socket.resetAndDestroy();
  console.log(seen.join(" "));
})();
`;

/** Outside endpoints, as X sees them, of connections from `count` consecutive local ports of a host, in order. */
export async function openMany(
  host: Agent,
  { firstPort, count }: { firstPort: number; count: number },
): Promise<readonly { ip: string; port: number }[]> {
  const words = [ADDRESS.x, X_PORTS.probes[0], firstPort, count].map(String);
  const line = await host.run([NODE, "-e", OPEN_MANY, ...words]);
  return line
    .trim()
    .split(" ")
    .map((endpoint) => ({ ip: endpoint.split(":")[0] ?? "", port: Number(endpoint.split(":")[1]) }));
}
