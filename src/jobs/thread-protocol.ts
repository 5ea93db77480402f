/** What passes between the service and the thread that does its jobs. */
import type { ServiceEnvironment } from '../config.ts'
import { ServiceError, UserError } from '../errors.ts'
import { type ForgeName, Gone } from '../forges/forge.ts'
import type { AbortReason, Attempt, Job, Task } from '../queue/queue.ts'
import type { ServiceConfig } from '../service-config.ts'
import type { Store } from '../store/store.ts'

/** What the thread begins with. */
export interface JobThreadData {
  config: ServiceConfig
  dataDir: string
  environment: ServiceEnvironment
}

export type StoreMethod = Exclude<keyof Store, symbol>

export type ToThread =
  | { kind: 'do'; id: number; task: Task; attempt: Attempt }
  | { kind: 'abort'; id: number; reason: AbortReason }
  | { kind: 'reply'; call: number; value?: unknown; error?: ErrorData }

export type FromThread =
  | { kind: 'done'; id: number; error?: ErrorData }
  | { kind: 'store'; call: number; method: StoreMethod; args: unknown[] }
  | { kind: 'add'; call: number; job: Job }
  | { kind: 'quote'; call: number; statements: readonly string[]; url: string }
  | { kind: 'log'; fields: Record<string, unknown>; message: string }
  | { kind: 'request'; forge: ForgeName; status: number }

/** An error without its class, which does not pass between threads. */
export interface ErrorData {
  name: string
  message: string
  stack?: string | undefined
  service?: string | undefined
  retryAfterMs?: number | undefined
}

export function errorData(error: unknown): ErrorData {
  if (error instanceof ServiceError) {
    const { service, retryAfterMs } = error
    return { name: 'ServiceError', message: error.message.replace(`${service}: `, ''), service, retryAfterMs }
  }
  if (error instanceof Error) return { name: error.name, message: error.message, stack: error.stack }
  return { name: 'Error', message: String(error) }
}

export function errorOf({ name, message, stack, service = '', retryAfterMs }: ErrorData): Error {
  if (name === 'ServiceError') return new ServiceError(service, message, { retryAfterMs })
  if (name === 'UserError') return new UserError(message)
  if (name === 'Gone') return new Gone(message)
  return Object.assign(new Error(message), { name, stack })
}
