import { beforeAll, describe, expect, inject, it } from "vitest";
import { connectEngine, imageTag, LABEL, requireImage, type Engine } from "../../orchestrator/engine/index.ts";
import { runBuild } from "../../orchestrator/engine/image/build.ts";
import { tools } from "../../orchestrator/engine/image/recipe.ts";
import { pointTestcontainersAt } from "../kit/engine.ts";
import { renderContext } from "../kit/private-engine.ts";
import { quickestOf } from "../kit/quickest.ts";

const noEngine = inject("noEngine");

describe("the image's name", () => {
  it("is the same for the same sources, and found within 20 ms", async () => {
    const first = await imageTag();
    expect(await quickestOf(5, async () => expect(await imageTag()).toBe(first))).toBeLessThan(20);
    expect(first).toMatch(/^natbed:[0-9a-f]{12}$/);
  });
});

describe.skipIf(noEngine)(`the image${noEngine && ` (${noEngine})`}`, () => {
  let engine: Engine;
  let image: string;
  beforeAll(async () => {
    engine = await connectEngine();
    image = await requireImage(engine);
  });

  it("shows the last lines of a build that fails", async () => {
    const failing = `FROM ${image}\nRUN echo about to fail && sleep 0.2 && echo the reason >&2 && exit 7\n`;
    await expect(
      runBuild(engine, { context: renderContext(failing), tag: "natbed-test:failing", base: image }, () => {}),
    ).rejects.toMatchObject({
      kind: "infrastructure",
      code: "image-build-failed",
      message: expect.stringContaining("code: 7"),
      detail: expect.stringMatching(/about to fail[^]*the reason/),
    });
  });

  it("says what is wrong with a Dockerfile that is none", async () => {
    const build = runBuild(
      engine,
      { context: renderContext("FRUM nothing\n"), tag: "natbed-test:failing", base: image },
      () => {},
    );
    await expect(build).rejects.toMatchObject({ code: "image-build-failed", message: expect.stringMatching(/FRUM/i) });
  });

  it("runs a third party's way, without network and capabilities, with all tools and koffi", async () => {
    pointTestcontainersAt(engine);
    const { GenericContainer, Wait } = await import("testcontainers");
    const programs = ["iptables-restore", "nft", "conntrack", "tcpdump", "ip", "tc", "ethtool", "sysctl", "node"];
    const script = `for p in ${programs.join(" ")}; do command -v $p >/dev/null || echo missing $p; done
      node -e 'import("koffi").then(({ default: k }) => console.log("pid " + k.load("libc.so.6").func("int getpid()")()))'
      ls /sys/class/net; echo finished; exec sleep 600`;
    const lines: string[] = [];
    const container = await new GenericContainer(image)
      .withNetworkMode("none")
      .withLabels({ [LABEL]: "1" })
      .withCommand(["sh", "-c", script])
      .withLogConsumer((log) => log.on("data", (line: string) => lines.push(String(line).trim())))
      .withWaitStrategy(Wait.forLogMessage("finished"))
      .start();
    try {
      // The collector may be behind the container.
      await expect.poll(() => lines).toContain("finished");
      expect(lines.join("\n")).not.toContain("missing");
      expect(lines.join("\n")).toMatch(/pid \d+/);
      expect(lines).toContain("lo");
      expect(lines).not.toContain("eth0");
    } finally {
      await container.stop({ timeout: 0 });
    }
  });

  it("is built of Debian packages that all have a name", () => {
    expect(tools()).toContain("iptables");
    expect(tools().every((name) => /^[a-z0-9+.-]+$/.test(name))).toBe(true);
  });
});
