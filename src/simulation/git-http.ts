import { spawn } from 'node:child_process'
import { ISOLATED } from './repository.ts'
import type { StubReply, StubRequest } from './stub-server.ts'

/** What git asks of a server to fetch. `repository` is the path before that, without slash and `.git`: `owner/name`. */
export function readGitPath(path: string): { repository: string; rest: string } | undefined {
  const match = /^\/(.+?)(?:\.git)?(\/info\/refs|\/git-upload-pack|\/git-receive-pack)$/.exec(path)
  return match ? { repository: decodeURIComponent(match[1] as string), rest: match[2] as string } : undefined
}

/** The password of a basic Authorization header, the token of a bearer one. */
export function tokenOfHeader(authorization: string | undefined): string | undefined {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(authorization ?? '') ?? []
  if (/^(bearer|token)$/i.test(scheme)) return value
  if (!/^basic$/i.test(scheme)) return undefined
  const login = Buffer.from(value, 'base64').toString()
  return login.slice(login.indexOf(':') + 1)
}

/** Serves the repository in a folder by git's own program for that. Only reading. */
export async function serveGit(request: StubRequest, folder: string, rest: string): Promise<StubReply> {
  if (rest === '/git-receive-pack' || request.query.get('service') === 'git-receive-pack') return { status: 403, body: 'Read only.\n' }
  const variables = [
    ...ISOLATED,
    `GIT_PROJECT_ROOT=${folder}`,
    'GIT_HTTP_EXPORT_ALL=1',
    `PATH_INFO=${rest}`,
    `REQUEST_METHOD=${request.method}`,
    `QUERY_STRING=${request.query}`,
    `CONTENT_TYPE=${request.headers['content-type'] ?? ''}`,
    `CONTENT_LENGTH=${request.body.length}`,
    `HTTP_CONTENT_ENCODING=${request.headers['content-encoding'] ?? ''}`,
    `GIT_PROTOCOL=${request.headers['git-protocol'] ?? ''}`,
    'REMOTE_ADDR=127.0.0.1',
  ]
  return readCgi(await run([...variables, 'git', 'http-backend'], request.body))
}

function run(command: readonly string[], input: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn('env', command, { stdio: ['pipe', 'pipe', 'ignore'] })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', () => resolve(Buffer.concat(chunks)))
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/** RFC 3875: headers, an empty line, the body; `Status` is the status. */
function readCgi(output: Buffer): StubReply {
  const end = output.indexOf('\r\n\r\n')
  const headers: Record<string, string> = {}
  for (const line of output.subarray(0, end).toString().split('\r\n')) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  const { status = '200', ...others } = headers
  return { status: Number.parseInt(status, 10), headers: others, body: output.subarray(end + 4) }
}
