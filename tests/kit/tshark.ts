import { spawnSync } from "node:child_process";

const present = spawnSync("tshark", ["--version"]).error === undefined;
if (!present && process.env["REQUIRE_TSHARK"] === undefined)
  console.warn("skipped: tshark is not installed (Debian package tshark), REQUIRE_TSHARK is unset");

/** Whether tests with an independent reader of captures are to be skipped. */
export const noTshark = !present && process.env["REQUIRE_TSHARK"] === undefined;

/** The values of `fields` of every packet that fits the display filter, as tshark reads the file. */
export function tshark(file: string, filter: string, fields: readonly string[]): string[][] {
  const args = ["-r", file, "-Y", filter, "-T", "fields", ...fields.flatMap((field) => ["-e", field])];
  const { status, stdout, stderr } = spawnSync("tshark", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`tshark ${args.join(" ")}: ${stderr}`);
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split("\t"));
}
