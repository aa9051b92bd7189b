import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, inject, it, vi } from "vitest";
import { NatbedError, renderError } from "../../orchestrator/errors.ts";
import { connectEngine, diagnose } from "../../orchestrator/engine/index.ts";

const noEngine = inject("noEngine");

afterEach(() => vi.unstubAllEnvs());

async function connectFailure(): Promise<NatbedError> {
  const error = await connectEngine().catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(NatbedError);
  return error as NatbedError;
}

describe("finding an engine", () => {
  it("says what was tried and what to do when the named endpoint is dead", async () => {
    vi.stubEnv("NATBED_DOCKER_HOST", "unix:///nowhere/docker.sock");
    const error = await connectFailure();
    expect(error).toMatchObject({ kind: "infrastructure", code: "engine-unreachable" });
    expect(renderError(error)).toContain("unix:///nowhere/docker.sock: no such socket");
    expect(error.hint).toContain("NATBED_DOCKER_HOST");
  });

  it("says that nothing listens on a TCP port", async () => {
    vi.stubEnv("NATBED_DOCKER_HOST", "tcp://127.0.0.1:9");
    expect((await connectFailure()).detail).toBe("tcp://127.0.0.1:9: nothing listens there");
  });

  it("refuses an endpoint that is no address", async () => {
    vi.stubEnv("NATBED_DOCKER_HOST", "npipe:////./pipe/docker_engine");
    expect((await connectFailure()).detail).toContain("npipe:// is not supported here");
  });

  it("gives up on a socket that accepts and stays silent", async () => {
    const folder = mkdtempSync(join(tmpdir(), "nb-"));
    const socket = join(folder, "s");
    const server = createServer().listen(socket);
    await once(server, "listening");
    vi.stubEnv("NATBED_DOCKER_HOST", `unix://${socket}`);
    const started = performance.now();
    expect((await connectFailure()).detail).toContain("no answer within 2 s");
    expect(performance.now() - started).toBeLessThan(4000);
    server.close();
    rmSync(folder, { recursive: true });
  });

  it("is a finding of the doctor, not an error, when there is none", async () => {
    vi.stubEnv("NATBED_DOCKER_HOST", "unix:///nowhere/docker.sock");
    expect(await diagnose(undefined)).toEqual([
      expect.objectContaining({
        check: "engine",
        state: "fail",
        found: expect.stringContaining("/nowhere/docker.sock"),
        fix: expect.any(String),
      }),
    ]);
  });

  it.skipIf(noEngine)("goes on to the next place when DOCKER_HOST is dead", async () => {
    const { endpoint } = await connectEngine();
    vi.stubEnv("NATBED_DOCKER_HOST", "");
    vi.stubEnv("DOCKER_HOST", "unix:///nowhere/docker.sock");
    await expect(connectEngine()).resolves.toMatchObject({ endpoint });
  });
});
