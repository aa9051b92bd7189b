import Dockerode from "dockerode";

/** A Docker engine that answered. */
export interface Engine {
  readonly docker: Dockerode;
  /** E.g. `unix:///var/run/docker.sock`. */
  readonly endpoint: string;
  readonly version: string;
  readonly apiVersion: string;
  /** Kernel release under the engine, e.g. `6.18.44`. */
  readonly kernel: string;
  /** `private`: the dockerd that natbed's set-up started for itself. */
  readonly kind: "found" | "private";
}

export type Answer =
  { readonly kind: "answers"; readonly engine: Engine } | { readonly kind: "silent"; readonly why: string };

const ANSWER_WITHIN_MS = 2000;

/** Asks the endpoint for its version. Any failure is a value that says why. */
export async function tryEndpoint(endpoint: string, kind: Engine["kind"]): Promise<Answer> {
  try {
    const docker = openClient(endpoint);
    const { Version, ApiVersion, KernelVersion } = await within(ANSWER_WITHIN_MS, () => docker.version());
    return {
      kind: "answers",
      engine: { docker, endpoint, version: Version, apiVersion: ApiVersion, kernel: KernelVersion, kind },
    };
  } catch (error) {
    return { kind: "silent", why: explain(error) };
  }
}

function openClient(endpoint: string): Dockerode {
  const url = new URL(endpoint);
  // An empty host keeps docker-modem from mixing DOCKER_HOST into an explicit socket.
  if (url.protocol === "unix:") return new Dockerode({ host: "", socketPath: endpoint.slice("unix://".length) });
  // DOCKER_HOST itself: docker-modem knows TLS (DOCKER_TLS_VERIFY, DOCKER_CERT_PATH) and ssh.
  if (endpoint === process.env["DOCKER_HOST"]) return new Dockerode();
  if (url.protocol === "tcp:" || url.protocol === "http:") {
    return new Dockerode({ host: url.hostname, port: url.port || 2375, protocol: "http" });
  }
  throw new Error(
    `${url.protocol}// is not supported here, allowed: unix:// and tcp:// (DOCKER_HOST also takes TLS and ssh://)`,
  );
}

/** The request itself has no time limit of its own, and a socket may accept and stay silent. */
async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work(), limit]);
  } finally {
    clearTimeout(timer);
  }
}

function explain(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ENOENT":
      return "no such socket";
    case "ECONNREFUSED":
      return "nothing listens there";
    case "EACCES":
      return "permission denied (is the user in the group of the socket?)";
    default:
      return message || String(error);
  }
}
