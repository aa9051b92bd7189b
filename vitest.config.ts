import { defineConfig } from "vitest/config";

const RETRIES = 0; // A measuring instrument that repeats until it is pleased measures nothing.

export default defineConfig({
  test: {
    retry: RETRIES,
    teardownTimeout: 30_000,
    projects: [
      {
        test: {
          name: "unit",
          include: ["tests/unit/**/*.test.ts", "tests/wire/**/*.test.ts"],
          maxWorkers: "100%",
          // Said for both projects: vitest puts a one-worker project without an order last, whatever the other says.
          sequence: { groupOrder: 1 },
          retry: RETRIES,
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "world",
          include: ["tests/engine/**/*.test.ts", "tests/world/**/*.test.ts", "tests/matrix/**/*.test.ts"],
          globalSetup: ["tests/kit/engine-session.ts"],
          // One file after the other, and after the unit tests: worlds measure time.
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          retry: RETRIES,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
