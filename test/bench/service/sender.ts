/** Sends a burst from a thread of its own, so that what the forges do beside it is not counted: workerData is an Order, the message back a list of Answers. */
import { Agent, request } from 'node:http'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import type { StubWebhook } from '../../../src/simulation/stub-forge.ts'

interface Order {
  url: string
  webhooks: StubWebhook[]
}

export interface Answer {
  /** 0 when there was none. */
  status: number
  text: string
  ms: number
}

/** All of them at the same moment, each over a connection of its own. */
export async function sendBurst(url: string, webhooks: readonly StubWebhook[]): Promise<Answer[]> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { url, webhooks } })
  return await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
}

function send(agent: Agent, url: string, { path, headers, body }: StubWebhook): Promise<Answer> {
  const started = performance.now()
  return new Promise((resolve) => {
    const end = (status: number, text: string): void => resolve({ status, text: text.trim(), ms: performance.now() - started })
    const sent = request(`${url}${path}`, { method: 'POST', headers, agent }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => end(response.statusCode ?? 0, Buffer.concat(chunks).toString()))
    })
    sent.on('error', (error) => end(0, error.message))
    sent.end(body)
  })
}

if (parentPort) {
  const { url, webhooks } = workerData as Order
  const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY })
  parentPort.postMessage(await Promise.all(webhooks.map((webhook) => send(agent, url, webhook))))
}
