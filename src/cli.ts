#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

// Compiled code is kept between runs: it halves the time to the first line of ours.
enableCompileCache()
const { runProgram } = await import('./commands/program.ts')
await runProgram()
