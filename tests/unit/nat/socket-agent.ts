/** One end of the NAT bench: opens and accepts connections in its namespace as it is told, a JSON object a line both ways. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";

interface Target {
  readonly from: string;
  readonly localPort?: number;
  readonly to: string;
  readonly port: number;
  readonly withinMs: number;
  /** Ends it by RST as soon as it is seen. */
  readonly brief?: boolean;
  /** Tells the other end what it sees of it, as a listener does. */
  readonly tells?: boolean;
}
type Command =
  | { readonly do: "connect"; readonly targets: readonly Target[]; readonly together?: boolean }
  | { readonly do: "listen"; readonly ip: string; readonly port: number }
  | { readonly do: "say" | "end"; readonly localPort: number }
  | { readonly do: "reset" };

const sockets = new Set<Socket>();
const servers = new Set<Server>();

/** `seen`: the endpoint that the other end sees; else the error's code. */
function open({
  from,
  localPort,
  to,
  port,
  withinMs,
  brief,
  tells,
}: Target): Promise<{ seen: string } | { error: string }> {
  const socket = connect({ host: to, port, localAddress: from, ...(localPort ? { localPort } : {}) });
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      socket.destroy();
      resolve({ error: "ETIMEDOUT" });
    }, withinMs);
    if (tells) socket.once("connect", () => socket.write(`${socket.remoteAddress}:${socket.remotePort}`));
    socket.once("error", ({ code }: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      resolve({ error: code ?? "unknown" });
    });
    socket.on("error", () => {});
    socket.once("data", (data) => {
      clearTimeout(timer);
      if (brief) socket.resetAndDestroy();
      resolve({ seen: data.toString() });
    });
  });
}

function listen(ip: string, port: number): Promise<unknown> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).once("close", () => sockets.delete(socket));
    socket.write(`${socket.remoteAddress}:${socket.remotePort}`);
  });
  servers.add(server);
  return new Promise((resolve) => {
    server.once("error", (error) => resolve({ error: error.message })).listen(port, ip, () => resolve({}));
  });
}

async function obey(command: Command): Promise<unknown> {
  switch (command.do) {
    case "connect": {
      if (command.together) return Promise.all(command.targets.map(open));
      const results: unknown[] = [];
      for (const target of command.targets) results.push(await open(target));
      return results;
    }
    case "listen":
      return listen(command.ip, command.port);
    case "say":
      for (const socket of sockets) if (socket.localPort === command.localPort) socket.write("more");
      return {};
    case "end": {
      const ending = [...sockets].filter((socket) => socket.localPort === command.localPort);
      await Promise.all(ending.map((socket) => once(socket.end(), "close")));
      return {};
    }
    case "reset":
      for (const socket of sockets) socket.resetAndDestroy();
      for (const server of servers) server.close();
      sockets.clear();
      servers.clear();
      return {};
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await obey(JSON.parse(line) as Command)));
}
process.exit();
