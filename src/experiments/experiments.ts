import type { Experiment } from './experiment.ts'

/** An experiment whose input and result only it knows. */
// biome-ignore lint/suspicious/noExplicitAny: each has a type of its own, and whoever runs one by name has none.
export type AnyExperiment = Experiment<any, any>

/** Every experiment by name, loaded when it is asked for. */
export const EXPERIMENTS: Record<string, () => Promise<AnyExperiment>> = {
  effects: async () => (await import('./script-effects.ts')).EXPERIMENT,
  'held-locks': async () => (await import('./held-locks.ts')).EXPERIMENT,
  'blocked-time': async () => (await import('./blocked-time.ts')).EXPERIMENT,
  'concurrent-build': async () => (await import('./concurrent-build.ts')).EXPERIMENT,
  violations: async () => (await import('./violations.ts')).EXPERIMENT,
  plan: async () => (await import('./plan.ts')).EXPERIMENT,
  'index-trial': async () => (await import('./index-trial.ts')).EXPERIMENT,
  'try-index': async () => (await import('./try-index.ts')).EXPERIMENT,
  'both-ways': async () => (await import('./both-ways.ts')).EXPERIMENT,
  'rehearse-fix': async () => (await import('./rehearse-fix.ts')).EXPERIMENT,
}
