import { type Logger, pino } from 'pino'

/** One JSON object a line, on standard output. */
export type Log = (fields: Record<string, unknown>, message: string) => void

/**
 * `secrets` never reach the log, whatever they stand in: a last line of defence, as nothing is given to the log that holds one. Values shorter than
 * eight characters are left alone.
 */
export function newLogger(
  level: string,
  secrets: readonly string[],
  stream: NodeJS.WritableStream = process.stdout,
): { log: Log; logger: Logger } {
  const hidden = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]).filter((secret) => secret.length >= 8)
  const destination = {
    write(line: string) {
      stream.write(hidden.reduce((text, secret) => text.replaceAll(secret, '[secret]'), line))
    },
  }
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    destination,
  )
  return { logger, log: (fields, message) => (fields.error === undefined ? logger.info(fields, message) : logger.warn(fields, message)) }
}
