/** The service under load: real processes, both forges as stubs, a burst of webhooks. Ratios and counts; the machine may be busy with something else. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Server, startServer } from '../fixtures/servers.ts'
import { type Serving, serve } from '../fixtures/serving.ts'
import { type Round, runRound } from './service/round.ts'
import { makeScene } from './service/scene.ts'

const ERRORS = 0.1
const PAIRS = 2

interface Setting {
  /** 0: one process that does all, with embedded storage. */
  workers: number
  bursts: number
  /** Share of requests that fail. */
  errors?: number
}

/** `only` names a part: `memory`, `workers`, `faulty` or `embedded`. */
export async function benchService(changes = 100, only?: string): Promise<void> {
  await using server = await startServer(18)
  const bench = async (setting: Setting): Promise<Round[]> => await runSetting(server, changes, setting)
  const wanted = (part: string) => only === undefined || only === part
  const two = await bench({ workers: 2, bursts: wanted('memory') ? 3 : 1 })
  const [first] = two as [Round]
  print(`two workers, ${two.length} bursts`)
  for (const round of two) tell(round)
  if (wanted('memory')) console.log(`  memory ${memoryOf(two)}`)
  if (wanted('workers')) {
    const ratios: string[] = []
    // In turns, as what else the machine does changes.
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const [one] = (await bench({ workers: 1, bursts: 1 })) as [Round]
      print('one worker')
      tell(one, first)
      const [other] = pair === 0 ? [first] : ((await bench({ workers: 2, bursts: 1 })) as [Round])
      ratios.push((other.seconds / one.seconds).toFixed(2))
    }
    console.log(`  time of two workers / time of one: ${ratios.join(', ')}`)
  }
  if (wanted('faulty')) {
    const [faulty] = (await bench({ workers: 2, bursts: 1, errors: ERRORS })) as [Round]
    print(`two workers, forges fail in ${ERRORS * 100} % of requests`)
    tell(faulty, first)
    console.log(`  time with faults / time without: ${(faulty.seconds / first.seconds).toFixed(2)}`)
  }
  if (wanted('embedded')) {
    const [embedded] = (await bench({ workers: 0, bursts: 1 })) as [Round]
    print('one process, embedded storage')
    tell(embedded, first)
    console.log(`  time / time of two workers with Postgres: ${(embedded.seconds / first.seconds).toFixed(2)}`)
  }
}

let made = 0

async function runSetting(server: Server, count: number, { workers, bursts, errors = 0 }: Setting): Promise<Round[]> {
  const root = mkdtempSync(join(tmpdir(), 'pgwitness-bench-service-'))
  const processes: Serving[] = []
  try {
    await using scene = await makeScene(count)
    const name = `bench_${++made}`
    await server.query(`create database ${name} owner shop_script`)
    const cache = { PGWITNESS_CACHE_DIR: join(root, 'cache') }
    const environment = { ...scene.environment, ...cache, ...(workers > 0 && { DATABASE_URL: server.url(name) }) }
    const config = join(root, 'config.yml')
    writeFileSync(config, `concurrency: 1\nbudgetMinutesPerDay: 10000\n`)
    if (workers === 0) processes.push(await serve({ dataDir: join(root, 'data'), env: environment, config, port: 0 }))
    // All at the same moment, on an empty database.
    else {
      const roles = ['web', ...Array<'worker'>(workers).fill('worker')] as const
      processes.push(
        ...(await Promise.all(
          roles.map((role, index) => serve({ role, dataDir: join(root, `data-${index}`), env: environment, config, port: 0 })),
        )),
      )
    }
    for (const [index, stub] of scene.forges.entries()) stub.random(errors, 11 + index)
    const rounds: Round[] = []
    while (rounds.length < bursts) rounds.push(await runRound(scene, processes))
    for (const stub of scene.forges)
      for (const violation of new Set(stub.violations)) console.log(`  violation at ${stub.name}: ${violation}`)
    return rounds
  } finally {
    await Promise.all(processes.map((process) => process.stop()))
    rmSync(root, { recursive: true, force: true })
  }
}

function tell(round: Round, undisturbed?: Round): void {
  const { answers, outcomes, requests, reviews, log } = round
  const times = answers.map(({ ms }) => ms).sort((a, b) => a - b)
  const late = times.filter((ms) => ms >= 1000).length
  const refused = answers.filter(({ status }) => status !== 202)
  const each = (value: number) => (value / Math.max(1, reviews)).toFixed(1)
  console.log(
    `  ${round.deliveries} deliveries: slowest answer ${figure(times.at(-1))} ms, median ${figure(times[times.length >> 1])} ms, ${late} after 1 s, ${refused.length} not accepted`,
  )
  console.log(
    `  ${Object.entries(outcomes)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')}; ${round.failed} jobs failed`,
  )
  console.log(
    `  ${round.seconds.toFixed(1)} s, ${reviews} reviews, each ${each(round.cpuSeconds)} s of processor time, ${each(requests.api)} requests to the API, ${each(requests.git)} to git`,
  )
  console.log(
    `  posted otherwise than once: ${round.deviations.length}; lost: ${round.lost.length}; slowest /metrics ${figure(round.slowestMetricsMs)} ms; log: ${each(log.lines)} lines, ${each(log.bytes / 1024)} kB a review, ${log.warnings.length} warnings`,
  )
  if (undisturbed) {
    const others = round.states.filter((state, index) => state !== undisturbed.states[index])
    console.log(`  final states other than those with two workers: ${others.length} of ${round.states.length}`)
    const index = round.states.findIndex((state, at) => state !== undisturbed.states[at])
    if (index >= 0) show(round.states[index] ?? '', undisturbed.states[index] ?? '')
  }
  for (const line of [...round.deviations, ...round.lost, ...refused.map(({ status, text }) => `${status} ${text}`)].slice(0, 5))
    console.log(`    ${line}`)
  for (const line of kinds(log.warnings)) console.log(`    ${line}`)
}

/** Where they begin to differ, line by line. */
function show(one: string, other: string): void {
  const [there, before] = [one.split('\n'), other.split('\n')]
  for (let line = 0, shown = 0; line < Math.max(there.length, before.length) && shown < 5; line += 1) {
    const [now = '', then = ''] = [there[line], before[line]]
    if (now === then) continue
    let at = 0
    while (now[at] === then[at]) at += 1
    for (const [sign, text] of [
      ['-', then],
      ['+', now],
    ] as const)
      console.log(`    ${sign} ${text.slice(Math.max(0, at - 60), at + 240)}`)
    shown += 1
  }
}

/** Warnings that differ only in numbers are one. */
function kinds(warnings: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const line of warnings) {
    const { msg, error, isOver } = JSON.parse(line.startsWith('{') ? line : '{}') as { msg?: string; error?: string; isOver?: boolean }
    const kind = `${isOver ? 'for good: ' : ''}${msg ?? line}: ${(error ?? '').slice(0, 160).replace(/\d+/g, '0')}`
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 8)
    .map(([kind, count]) => `${count} × ${kind}`)
}

function memoryOf(rounds: readonly Round[]): string {
  const [first] = rounds as [Round]
  const last = rounds.at(-1) as Round
  return first.memory
    .map((megabytes, index) => {
      const now = last.memory[index] ?? 0
      return `${index === 0 ? 'web' : `worker ${index}`} ${figure(megabytes)} MB after the first, ${figure(now)} MB after the last: ratio ${(now / megabytes).toFixed(2)}`
    })
    .join('; ')
}

function print(title: string): void {
  console.log(`\n${title}`)
}

function figure(value = Number.NaN): string {
  return value.toFixed(0)
}
