import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../kit/until.ts";
import { missingForKernelTests } from "../nat/namespace.ts";
import { Station } from "../x/station.ts";
import { HostProgram } from "./host-program.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: natbed-host whose connection is broken off (${missing})`);

describe.skipIf(missing)("natbed-host, connected,", { timeout: 60_000 }, () => {
  let station: Station;
  let folder: string;
  let sessions = 0;
  beforeAll(async () => {
    station = await Station.open();
    folder = mkdtempSync(join(tmpdir(), "natbed-ends-"));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await station?.[Symbol.asyncDispose]();
  });

  function pair(
    technique: string,
    { a = [], b = [] }: { readonly a?: readonly string[]; readonly b?: readonly string[] } = {},
    wrapper: readonly string[] = [],
  ): readonly [HostProgram, HostProgram] {
    const words = ["--session", `ends ${++sessions}`, "--technique", technique];
    return [new HostProgram(station, [...words, ...a], wrapper), new HostProgram(station, [...words, ...b])];
  }

  it.each(["connect", "relay"])(
    "by %s ends with 1 where its peer is killed in the middle of what it says",
    async (technique) => {
      const [a, b] = pair(technique);
      const written = once(b.process.stdout!, "data");
      a.process.stdin!.on("error", () => {}).write(Buffer.alloc(100_000));
      b.process.stdin!.end();
      await written;
      a.process.kill("SIGKILL");
      b.process.stdout!.resume();
      const { code, last } = await b.ended();
      expect({ code, last }).toEqual({ code: 1, last: expect.stringContaining("broken off: the connection: ") });
    },
  );

  it("ends with 1 where nobody takes what it is told while its own end is on its way", async () => {
    const [a, b] = pair("connect", {}, ["sh", "-c", 'exec "$0" "$@" > /dev/full']);
    a.process.stdin!.end();
    b.process.stdin!.end("hello");
    expect((await a.ended()).code).toBe(1);
    await b.ended(); // with 0 if all of its own had arrived by then
  });

  it("does not wait for a program of its own once its peer is gone", async () => {
    const [a, b] = pair("connect", { a: ["--listen", "5556"] });
    await Promise.all([a.says("waits for a program"), b.says("connected directly")]); // killed before, it has ended and not broken off
    b.process.kill("SIGKILL");
    expect(await a.ended()).toEqual({ code: 1, last: "the other side is gone" });
  });

  it.each([
    ["it", 0, 143],
    ["its peer", 1, 1],
  ])("leaves no command behind where %s is ended", async (_, which, code) => {
    const file = join(folder, `pid-${which}`);
    const [a, b] = pair("connect", { a: ["--exec", `echo $$ > ${file}; exec sleep 300`] });
    const pid = await until(
      "the command to run",
      () => (existsSync(file) && Number(readFileSync(file, "utf8"))) || undefined,
      {
        withinMs: 30_000,
      },
    );
    [a, b][which]!.process.kill("SIGTERM");
    expect((await a.ended()).code).toBe(code);
    await until("the command to end", () => !existsSync(`/proc/${pid}`) || undefined, { withinMs: 5_000 });
  });
});
