import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Greeting } from "../../../agents/greeting.ts";
import { helloOf, HELLO_BYTES, NONCE_BYTES, PROOF_BYTES } from "../../../wire/hello.ts";

const A = { role: "a", session: "s", key: "k" } as const;
const B = { ...A, role: "b" } as const;

describe("a greeting", () => {
  let server: Server;
  const streams: Socket[] = [];

  beforeEach(async () => {
    server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => {
    for (const stream of streams.splice(0)) stream.destroy();
    server.close();
  });

  /** Both ends of a new connection. */
  async function pair(): Promise<readonly [Socket, Socket]> {
    const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
    const near = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
    const ends = [near, await accepted] as const;
    for (const end of ends) streams.push(end.on("error", () => {}));
    return ends;
  }

  it("verifies both sides, lets a choose, and leaves what comes after it in the stream", async () => {
    const [near, far] = await pair();
    const [a, b] = [new Greeting(near, A), new Greeting(far, B)];
    await Promise.all([a.verify(), b.verify()]);
    await Promise.all([a.choose(), b.awaitChoice()]);
    near.write("data");
    await expect(next(far, 4)).resolves.toEqual(Buffer.from("data"));
  });

  it.each([
    ["another session", { ...B, session: "t" }],
    ["another key", { ...B, key: "l" }],
    ["the same role", A],
  ])("takes a peer of %s for a stranger", async (_, other) => {
    const [near, far] = await pair();
    new Greeting(far, other).verify().catch(() => {});
    await expect(new Greeting(near, A).verify()).rejects.toMatchObject({ code: "ESTRANGER" });
  });

  it("takes its own echo for a stranger", async () => {
    const [near, far] = await pair();
    far.pipe(far);
    await expect(new Greeting(near, A).verify()).rejects.toMatchObject({ code: "ESTRANGER" });
  });

  it("does not take a hello that somebody has heard elsewhere for the peer", async () => {
    const [near, far] = await pair();
    const said = next(far, HELLO_BYTES + NONCE_BYTES + PROOF_BYTES);
    far.write(Buffer.concat([helloOf("b", "s", "k"), Buffer.alloc(NONCE_BYTES)]));
    const verified = new Greeting(near, A).verify();
    far.write((await said).subarray(-PROOF_BYTES)); // a's own proof is the best that a stranger has
    await expect(verified).rejects.toMatchObject({ code: "ESTRANGER" });
  });

  it("rejects where the connection is reset, has ended or is gone", async () => {
    const [reset, resetting] = await pair();
    resetting.resetAndDestroy();
    await expect(new Greeting(reset, A).verify()).rejects.toMatchObject({
      code: expect.stringMatching(/ECONNRESET|EPIPE/),
    });
    const [ended, ending] = await pair();
    ending.end("short");
    await expect(new Greeting(ended, A).verify()).rejects.toThrow("closed before");
    const [gone] = await pair();
    gone.destroy();
    await expect(new Greeting(gone, A).verify()).rejects.toThrow("closed before");
  });
});

/** The next `length` bytes. */
function next(stream: Socket, length: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const look = (): void => {
      const bytes = stream.read(length) as Buffer | null;
      if (!bytes) return void stream.once("readable", look);
      resolve(bytes);
    };
    look();
  });
}
