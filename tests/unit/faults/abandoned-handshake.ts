import { createServer } from "node:net";
import { argv } from "node:process";
import { RawSocket } from "../../../agents/net/raw-socket.ts";
import { synDatagrams } from "../../../agents/spray-datagrams.ts";
import { port, type Ipv4 } from "../../../wire/address.ts";

// A program of its own. It listens, is sent a SYN by somebody who does not follow, and listens no longer.
const [ip, localPort, peer, peerPort] = argv.slice(2) as [Ipv4, string, Ipv4, string];
const to = { ip, port: port(Number(localPort)) };
const syn = { isn: 1, window: 64_240, sackPermitted: false };

const server = createServer().listen(to.port, "0.0.0.0", () => {
  const raw = new RawSocket();
  for (const datagram of synDatagrams({ src: peer, to, ttl: 64, syn, ports: [Number(peerPort)] }))
    raw.send(datagram, ip);
  raw.close();
  server.close();
});
