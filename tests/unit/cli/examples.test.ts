import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { buildProgram } from "../../../orchestrator/cli/program.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** All commands below one, with their names from the top. */
function commandsOf(command: Command, above: readonly string[] = []): { words: string; command: Command }[] {
  const words = [...above, command.name()];
  return [
    { words: words.join(" "), command },
    ...command.commands.flatMap((below) => commandsOf(below as Command, words)),
  ];
}

/** What `--help` prints. */
function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

/** Command lines that a help text shows: behind two blanks or more comes what they are for. */
function examplesIn(help: string): readonly string[] {
  return [...help.matchAll(/^ {2}(natbed .+?)(?: {2,}.*)?$/gm)].map(([, line]) => line!);
}

/** A shell's words of a line up to a redirection, a pipe or a comment. */
function wordsOf(line: string): readonly string[] {
  const [alone = ""] = line.split(/ [<>|#] ?/);
  return [...alone.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, plain]) => single ?? double ?? plain!,
  );
}

/** What is wrong with a command line; undefined: it would be run. */
async function complaint(line: string): Promise<string | undefined> {
  const program = buildProgram();
  let ran = false;
  let said = "";
  for (const { command } of commandsOf(program)) {
    command.configureOutput({ writeOut: (text) => (said += text), writeErr: (text) => (said += text) });
    if (command.commands.length === 0) command.action(() => void (ran = true));
  }
  try {
    await program.parseAsync(wordsOf(line).slice(1), { from: "user" });
  } catch (error) {
    return (error as { code?: string }).code === "commander.helpDisplayed" ? undefined : said;
  }
  return ran ? undefined : `no command in it: ${said}`;
}

describe("the help of", () => {
  const commands = commandsOf(buildProgram()).map(({ words, command }) => ({
    words,
    examples: examplesIn(helpOf(command)),
    below: command.commands.length,
  }));

  it.each(commands)("$words shows examples that the command line takes", async ({ words, examples, below }) => {
    for (const line of examples) expect(await complaint(line), line).toBeUndefined();
    if (below === 0 && !INHERITS.has(words)) expect(examples.filter((line) => line.startsWith(words))).not.toEqual([]);
  });
});

/** Commands whose examples are with the command above. */
const INHERITS = new Set([
  "natbed nat list",
  "natbed nat show",
  "natbed engine status",
  "natbed engine start",
  "natbed engine stop",
]);

describe("the documents'", () => {
  const files = globSync(["README.md", "docs/*.md"], { cwd: ROOT });
  const lines = files.flatMap((file) =>
    [...readFileSync(`${ROOT}${file}`, "utf8").matchAll(/^(?:sudo )?bin\/(natbed .+)$/gm)].map(([, line]) => ({
      file,
      line: line!,
    })),
  );

  it.each(lines)("$line in $file is taken by the command line", async ({ line }) => {
    expect(await complaint(line)).toBeUndefined();
  });

  it("commands are found at all", () => expect(lines.length).toBeGreaterThan(20));
});

describe("the workflows'", () => {
  const RUN_NUMBER = "7";
  const texts = globSync(".github/workflows/*.yml", { cwd: ROOT }).map((file) =>
    readFileSync(`${ROOT}${file}`, "utf8"),
  );
  /** Calls of make with arguments, once for each shard where there are some. */
  const calls = texts.flatMap((text) => {
    const shards: unknown = JSON.parse(/^ +shard: (\[.+\])$/m.exec(text)?.[1] ?? "[0]");
    const written = [...text.matchAll(/\bmake ([\w-]+) ARGS="(.+?)"/g)];
    return (shards as number[]).flatMap((shard, _, all) =>
      written.map(([, target = "", args = ""]) => ({
        target,
        args: args.replaceAll("${{ matrix.shard }}", String(shard)).replaceAll("${{ github.run_number }}", RUN_NUMBER),
        shards: all.length,
      })),
    );
  });

  it.each(calls)("make $target $args is taken by the command line", async ({ target, args }) => {
    const recipe = execFileSync("make", ["--no-print-directory", "-n", target, `ARGS=${args}`], {
      cwd: ROOT,
      encoding: "utf8",
    });
    const line = /^bin\/(natbed .+)$/m.exec(recipe)?.[1];
    expect(line?.endsWith(args)).toBe(true);
    expect(await complaint(line!)).toBeUndefined();
  });

  it("shards are all of a run", () => {
    const asked = calls.flatMap(({ args, shards }) => {
      const [, part, of] = /--shard (\d+)\/(\d+) --seed \d+ /.exec(args) ?? [];
      return part === undefined ? [] : [{ part: Number(part), of: Number(of), shards }];
    });
    expect(asked.map(({ part }) => part)).toEqual([1, 2, 3, 4]);
    for (const { of, shards } of asked) expect(of).toBe(shards);
  });
});
