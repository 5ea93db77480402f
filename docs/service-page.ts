import { helpText } from '../src/conversations/help.ts'
import { SERVICE_VARIABLES } from '../src/service-environment.ts'

/** docs/service.md. `settings` are the rows of its table of settings. */
export function servicePage(settings: readonly string[]): string {
  return `${PAGE.replace('{{variables}}', table(Object.entries(SERVICE_VARIABLES).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`), ['variable', 'meaning']))
    .replace('{{settings}}', table(settings, ['setting', 'values', 'default', 'meaning']))
    .replace('{{help}}', helpText())}`
}

function table(rows: readonly string[], heads: readonly string[]): string {
  return [`| ${heads.join(' | ')} |`, `|${heads.map(() => '---').join('|')}|`, ...rows].join('\n')
}

const PAGE = `# The service

\`pgwitness serve\` takes webhooks of GitHub and GitLab, reviews what they tell of, comments where the change is reviewed, and answers when it is mentioned. One process with
embedded storage is enough to begin with:

\`\`\`sh
export PGWITNESS_GITHUB_APP_ID=123456 PGWITNESS_GITHUB_PRIVATE_KEY_FILE=app.pem PGWITNESS_GITHUB_WEBHOOK_SECRET=…
npx pgwitness serve --port 3000 --data /var/lib/pgwitness
\`\`\`

Ctrl-C and SIGTERM stop it gracefully: what runs is finished within \`--grace\` seconds, the rest begins anew at the next start. Nothing is lost by \`kill -9\` either.

## GitHub

Register a GitHub App (Settings, Developer settings, GitHub Apps):

- Webhook: \`https://YOUR-HOST/api/github/webhooks\`, with a secret.
- Permissions: Pull requests *read and write*, Checks *read and write*, Contents *read* (*read and write*, if threads of what is fixed shall be resolved: GitHub asks that of Apps), Issues *read and write* (comments under a pull request), Metadata *read*.
- Events: Pull request, Issue comment, Pull request review comment, Check run, Check suite.

Install it where it is wanted. It reads the repository by git at two commits, without a checkout.

## GitLab

Make an access token of the project or group (scope \`api\`, role Developer); its bot is who comments. Add a webhook to \`https://YOUR-HOST/api/gitlab/webhooks\` with a secret or, from
GitLab 19 on, a signing token; triggers: Merge request events, Comments.

## What it does

- A change is reviewed when it is opened, pushed to, reopened or ready. A draft waits. Of each change one review runs and one waits; the newest commit wins.
- One summary comment, edited in place; comments on the lines of the most severe findings, resolved when they are fixed; a check run (GitHub) or a commit status (GitLab). A change
  without a finding gets only the status. A thread that somebody resolved, and a comment that somebody deleted, is left alone.
- Whoever may not write to the repository gets no clone with production's data, and a twin without data values, until a maintainer asks for more in the thread; that holds for the
  commit asked about.
- Configuration and rules of the repository are taken from the commit the change stands on, databases and their secrets only from the operator.

## Asking it

{{help}}

Only people who may write to the repository are heard; the forge is asked, not the webhook.

## The environment

A forge is on when its variables are set. Without a secret for its webhooks the service does not start.

{{variables}}

## Settings

\`--config FILE\`, YAML:

{{settings}}

## Many processes

With \`DATABASE_URL\` run as many \`--role web\` and \`--role worker\` as needed. SQL migrations are applied by whichever starts first, under an advisory lock. No session state and no
named prepared statement is used, so PgBouncer in transaction mode will do. A worker that dies has its work taken over by the others. A worker alone listens only with \`--port\`, and only for the
three addresses below.

## Watching it

\`/healthz\`: the process answers. \`/readyz\`: storage answers and it is not stopping. \`/metrics\`: Prometheus. Logs are JSON, a line each, without secrets and without text of the change.

| metric | |
|---|---|
| \`pgwitness_webhooks_total{forge,outcome}\` | \`queued\`, \`duplicate\`, \`ignored\`, \`unsigned\`, \`malformed\` |
| \`pgwitness_job_seconds{kind,state}\` | histogram; \`done\` or \`failed\` |
| \`pgwitness_forge_requests_total{forge,status}\` | requests to forges by the status of the answer |
| \`pgwitness_jobs{state}\` | \`waiting\`, \`running\`, \`failed\` |

## Trying it without a forge

\`pgwitness simulate EVENT.json\` runs a stored webhook through the whole service against a forge of its own and prints what would be posted.
`
