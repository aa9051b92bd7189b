import { beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import {
  connectEngine,
  diagnose,
  imageTag,
  preflight,
  requireImage,
  type Engine,
} from "../../orchestrator/engine/index.ts";
import { judgeEngine } from "../../orchestrator/engine/doctor/engine.ts";
import { PROBES, readProbes } from "../../orchestrator/engine/doctor/probes.ts";
import { importSmallImage, noPrivateEngine, openEngineFolders, startRestrictedEngine } from "../kit/private-engine.ts";
import { quickestOf } from "../kit/quickest.ts";

const noEngine = inject("noEngine");
const noSecond = noPrivateEngine();

describe("the doctor's reading of its probes", () => {
  it("takes exit code 0 for a yes, and the command's own words for the reason of a no", () => {
    const output = PROBES.map((_, index) => `${index}\t${index === 0 ? 4 : 0}\tlast words`).join("\n");
    const [first, ...rest] = readProbes(PROBES, output);
    expect(first).toMatchObject({
      state: "fail",
      found: expect.stringContaining("last words"),
      fix: expect.any(String),
    });
    expect(rest.every(({ state }) => state === "ok")).toBe(true);
  });

  it("takes a probe that did not run for a no", () => {
    expect(readProbes(PROBES, "").find(({ check }) => check === "conntrack netlink")).toMatchObject({ state: "fail" });
  });
});

describe("an engine's version and platform", () => {
  const info = {
    ID: "x",
    KernelVersion: "6",
    OSType: "linux",
    Architecture: "x86_64",
    Driver: "overlay2",
    DockerRootDir: "/",
  };
  const engine = { version: "19.3", apiVersion: "1.40", endpoint: "unix:///x", kind: "found" } as Engine;
  const failures = (...given: Parameters<typeof judgeEngine>) =>
    judgeEngine(...given).filter(({ state }) => state === "fail");

  it("must be Docker 20.10 or newer", () => {
    expect(failures(engine, info).map(({ check }) => check)).toEqual(["engine API"]);
    expect(failures({ ...engine, apiVersion: "1.52" }, info)).toEqual([]);
  });

  it("must be Linux on x86-64", () => {
    expect(failures({ ...engine, apiVersion: "1.41" }, { ...info, Architecture: "aarch64" })).toMatchObject([
      { check: "platform" },
    ]);
  });
});

describe.skipIf(noEngine)(`the doctor${noEngine && ` (${noEngine})`}`, () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await connectEngine();
    await requireImage(engine);
  });

  it("finds nothing failing where the tests run, and gives a fix for all that is not ok", async () => {
    const findings = await diagnose(engine);
    expect(findings.filter(({ state }) => state === "fail")).toEqual([]);
    expect(findings.filter(({ state, fix }) => state !== "ok" && !fix)).toEqual([]);
    expect(findings.map(({ check }) => check)).toContain("conntrack netlink");
  });

  it("is asked once: the second preflight takes less than 50 ms", async () => {
    await preflight(engine);
    expect(await quickestOf(5, () => preflight(engine))).toBeLessThan(50);
  });
});

describe.skipIf(noSecond)(`an engine without a needed capability${noSecond && ` (${noSecond})`}`, () => {
  it("is unfit, and the doctor and the preflight say so with a fix", async () => {
    const folders = openEngineFolders();
    onTestFinished(() => folders[Symbol.asyncDispose]());
    const engine = await startRestrictedEngine(folders, "-net_raw");
    await importSmallImage(engine, await imageTag());
    const unfit = (await diagnose(engine)).filter(({ state }) => state === "fail");
    expect(unfit).toMatchObject([{ check: "container capabilities", fix: expect.stringContaining("CAP_NET_RAW") }]);
    await expect(preflight(engine)).rejects.toMatchObject({
      code: "engine-unfit",
      detail: expect.stringContaining("container capabilities"),
    });
  });
});
