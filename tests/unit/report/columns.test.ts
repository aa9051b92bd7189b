import { describe, expect, it } from "vitest";
import { columns } from "../../../orchestrator/report/columns.ts";

const ROWS = [
  ["openwrt", "reset", "a home gateway whose zone wan rejects what it did not ask for"],
  ["full-cone", "drop", "open to anybody"],
];

describe("columns", () => {
  it("keep a row one line where there is no terminal", () => {
    expect(columns(ROWS)).toBe(
      [
        "openwrt    reset  a home gateway whose zone wan rejects what it did not ask for",
        "full-cone  drop   open to anybody",
      ].join("\n"),
    );
  });

  it("wrap the last one into what the terminal leaves", () => {
    expect(columns(ROWS, 60)).toBe(
      [
        "openwrt    reset  a home gateway whose zone wan rejects what",
        "                  it did not ask for",
        "full-cone  drop   open to anybody",
      ].join("\n"),
    );
  });

  it("put the last one on lines of its own where little is left, and it is longer than that", () => {
    expect(columns(ROWS, 40)).toBe(
      [
        "openwrt    reset",
        "    a home gateway whose zone wan",
        "    rejects what it did not ask for",
        "full-cone  drop   open to anybody",
      ].join("\n"),
    );
  });

  it("count what is seen, not colours, and leave a long word whole", () => {
    const red = "\u001b[31mred\u001b[39m";
    expect(
      columns(
        [
          [red, "a word"],
          ["r", "more"],
        ],
        50,
      ),
    ).toBe(`${red}  a word\nr    more`);
    expect(columns([[red, "x".repeat(60)]], 50)).toBe(`${red}  ${"x".repeat(60)}`);
  });

  it("begin a new line where the text does", () => {
    expect(columns([["a", "what is asked\nwhat was seen"]], 60)).toBe("a  what is asked\n   what was seen");
    expect(columns([["a", "what is asked\nwhat was seen"]])).toBe("a  what is asked  what was seen");
  });
});
