import { expect, it } from "vitest";
import { axisFindings } from "../../../orchestrator/cli/axis-findings.ts";
import { CAPABILITIES } from "../../../orchestrator/nat/needs.ts";

it("the doctor says of each axis what this machine can build, and how to get the rest", () => {
  const looked = CAPABILITIES.map((check) =>
    check === "nft-notrack"
      ? ({ check, state: "warn", found: "no such file", fix: "modprobe nft_ct" } as const)
      : ({ check, state: "ok", found: "works" } as const),
  );
  const findings = new Map(axisFindings(looked).map((finding) => [finding.check, finding]));
  expect(findings.get("axis sourceRoute")).toEqual({
    check: "axis sourceRoute",
    state: "warn",
    found: "stock, aware, refuse, not stateless (needs nft-notrack)",
    fix: "modprobe nft_ct",
  });
  expect(findings.get("axis hairpin")).toEqual({ check: "axis hairpin", state: "ok", found: "yes, no" });
});

it("the doctor says nothing of axes where it could not ask the kernel", () => {
  expect(axisFindings([{ check: "engine", state: "fail", found: "none" }])).toEqual([]);
});
