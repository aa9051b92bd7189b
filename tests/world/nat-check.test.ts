import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { natbed, openFolder, type Folder } from "../kit/command.ts";

describe.skipIf(inject("noEngine"))("natbed nat check", () => {
  let folder: Folder;
  beforeAll(() => {
    folder = openFolder();
  });
  afterAll(() => folder?.[Symbol.dispose]());

  it("measures a file's own NATs beside one of the catalogue", { timeout: 120_000 }, async () => {
    const definitions = `nats:
  down: { ports: { kind: sequential, step: -3, range: { from: 40000, to: 40300 } } }
  deaf: { extends: down, unsolicitedSyn: drop, hairpin: false }
`;
    const file = folder.write("mine.yaml", definitions);
    const { code, stdout, stderr } = await natbed(["nat", "check", "deaf", "openwrt", "--file", file, "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "deaf: as declared\nopenwrt: as declared" });
    const [deaf] = JSON.parse(stdout) as object[];
    expect(deaf).toMatchObject({ name: "deaf", mismatches: [] });
    expect(JSON.stringify(deaf)).toContain('"step":-3');
  });
});
