import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // A busy machine starts Postgres slowly; nothing here measures time.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    include: ['test/**/*.test.ts'],
    // One embedded Postgres a file, 300 MB each; much of the time is waiting for locks, time-outs and processes.
    maxWorkers: 3,
  },
})
