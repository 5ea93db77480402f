import type { AppFacts } from './call.ts'
import type { Account, CheckRun, CommitStatus, IssueComment, Pull, Reaction, Review, ReviewComment, StubRepository } from './state.ts'

/** How state looks in answers and webhooks. What the description demands beside this is filled in by `complete()`. */
export interface Shapes {
  account(account: Account): unknown
  app(): unknown
  repository(repository: StubRepository): Record<string, unknown>
  pull(pull: Pull): Record<string, unknown>
  comment(comment: IssueComment): Record<string, unknown>
  reviewComment(comment: ReviewComment): Record<string, unknown>
  review(review: Review): unknown
  reaction(reaction: Reaction): unknown
  checkRun(run: CheckRun): Record<string, unknown>
  status(status: CommitStatus): unknown
}

const REACTIONS = ['+1', '-1', 'laugh', 'hooray', 'confused', 'heart', 'rocket', 'eyes'] as const

export function newShapes(url: string, app: AppFacts): Shapes {
  const nodeId = (kind: string, id: number): string => `${kind}_kwDO${Buffer.from(String(id)).toString('base64url')}`
  const account: Shapes['account'] = ({ id, login, type }) => ({
    id,
    login,
    type,
    node_id: nodeId(type === 'Bot' ? 'BOT' : 'U', id),
    url: `${url}/users/${encodeURIComponent(login)}`,
    html_url: `${url}/${type === 'Bot' ? `apps/${login.replace('[bot]', '')}` : login}`,
    site_admin: false,
  })
  const repository: Shapes['repository'] = (one) => ({
    id: one.id,
    node_id: nodeId('R', one.id),
    name: one.name,
    full_name: one.names[0],
    owner: account(one.owner),
    private: true,
    visibility: 'private',
    fork: false,
    archived: one.isArchived,
    disabled: false,
    default_branch: 'main',
    url: `${url}/repos/${one.names[0]}`,
    html_url: `${url}/${one.names[0]}`,
    clone_url: `${url}/${one.names[0]}.git`,
  })
  const appShape = (): unknown => ({
    id: app.id,
    slug: app.slug,
    client_id: app.clientId,
    node_id: nodeId('A', app.id),
    name: app.slug,
    owner: account({ id: 9919, login: 'acme', type: 'Organization' }),
    events: ['check_run', 'issue_comment', 'pull_request', 'pull_request_review_comment'],
  })
  const reactions = (list: Reaction[], at: string): unknown => ({
    url: `${at}/reactions`,
    total_count: list.length,
    ...Object.fromEntries(REACTIONS.map((content) => [content, list.filter((one) => one.content === content).length])),
  })
  const pullUrl = (pull: Pull): string => `${url}/repos/${pull.repository.names[0]}/pulls/${pull.number}`
  const pullPage = (pull: Pull): string => `${url}/${pull.repository.names[0]}/pull/${pull.number}`
  const times = ({ createdAt, updatedAt }: { createdAt: string; updatedAt: string }): Record<string, string> => ({
    created_at: createdAt,
    updated_at: updatedAt,
  })
  return {
    account,
    app: appShape,
    repository,
    pull: (pull) =>
      pullShape(pull, { pullUrl: pullUrl(pull), pullPage: pullPage(pull), account, repository, nodeId: nodeId('PR', pull.id), url }),
    comment(comment) {
      const at = `${url}/repos/${comment.pull.repository.names[0]}/issues/comments/${comment.id}`
      return {
        id: comment.id,
        node_id: nodeId('IC', comment.id),
        url: at,
        html_url: `${pullPage(comment.pull)}#issuecomment-${comment.id}`,
        issue_url: `${url}/repos/${comment.pull.repository.names[0]}/issues/${comment.pull.number}`,
        body: comment.body,
        user: comment.author && account(comment.author),
        author_association: 'CONTRIBUTOR',
        performed_via_github_app: comment.isOfApp ? appShape() : null,
        reactions: reactions(comment.reactions, at),
        ...times(comment),
      }
    },
    reviewComment(comment) {
      const { thread } = comment
      const at = `${url}/repos/${comment.pull.repository.names[0]}/pulls/comments/${comment.id}`
      return {
        id: comment.id,
        node_id: nodeId('PRRC', comment.id),
        url: at,
        html_url: `${pullPage(comment.pull)}#discussion_r${comment.id}`,
        pull_request_url: pullUrl(comment.pull),
        pull_request_review_id: comment.reviewId,
        body: comment.body,
        user: comment.author && account(comment.author),
        author_association: 'CONTRIBUTOR',
        path: thread.path,
        diff_hunk: thread.hunk,
        subject_type: 'line',
        side: thread.side,
        start_side: thread.startSide ?? null,
        line: thread.current?.line ?? null,
        start_line: thread.current?.startLine ?? null,
        original_line: thread.original.line,
        original_start_line: thread.original.startLine ?? null,
        commit_id: thread.current?.sha ?? thread.original.sha,
        original_commit_id: thread.original.sha,
        ...(comment.id === thread.rootId ? {} : { in_reply_to_id: thread.rootId }),
        reactions: reactions(comment.reactions, at),
        _links: {
          self: { href: at },
          html: { href: `${pullPage(comment.pull)}#discussion_r${comment.id}` },
          pull_request: { href: pullUrl(comment.pull) },
        },
        ...times(comment),
      }
    },
    review: (review) => ({
      id: review.id,
      node_id: nodeId('PRR', review.id),
      user: account(review.author),
      body: review.body,
      state: review.state,
      commit_id: review.sha,
      html_url: `${pullPage(review.pull)}#pullrequestreview-${review.id}`,
      pull_request_url: pullUrl(review.pull),
      submitted_at: review.createdAt,
      author_association: 'CONTRIBUTOR',
      _links: { html: { href: `${pullPage(review.pull)}#pullrequestreview-${review.id}` }, pull_request: { href: pullUrl(review.pull) } },
    }),
    reaction: ({ id, author, content, createdAt }) => ({
      id,
      node_id: nodeId('REA', id),
      user: account(author),
      content,
      created_at: createdAt,
    }),
    checkRun: (run) => checkRunShape(run, { url, nodeId: nodeId('CR', run.id), app: run.isOfApp ? appShape() : null }),
    status: (status) => ({
      id: status.id,
      node_id: nodeId('SC', status.id),
      url: `${url}/repos/${status.repository.names[0]}/statuses/${status.sha}`,
      state: status.state,
      context: status.context,
      description: status.description,
      target_url: status.targetUrl,
      creator: account(status.creator),
      created_at: status.createdAt,
      updated_at: status.createdAt,
    }),
  }
}

interface PullParts {
  url: string
  pullUrl: string
  pullPage: string
  nodeId: string
  account: Shapes['account']
  repository: Shapes['repository']
}

function pullShape(pull: Pull, { url, pullUrl, pullPage, nodeId, account, repository }: PullParts): Record<string, unknown> {
  const { repository: base, fork } = pull
  const owner = fork?.owner ?? base.owner
  const forkShape = fork && {
    ...repository({ ...base, id: fork.id, owner, names: [`${owner.login}/${base.name}`] }),
    fork: true,
  }
  const source = fork?.isGone ? null : (forkShape ?? repository(base))
  return {
    id: pull.id,
    node_id: nodeId,
    number: pull.number,
    url: pullUrl,
    html_url: pullPage,
    issue_url: `${url}/repos/${base.names[0]}/issues/${pull.number}`,
    diff_url: `${pullPage}.diff`,
    patch_url: `${pullPage}.patch`,
    state: pull.state,
    locked: pull.isLocked,
    title: pull.title,
    body: null,
    draft: pull.isDraft,
    user: account(pull.author),
    author_association: fork ? 'CONTRIBUTOR' : 'MEMBER',
    merged: pull.isMerged,
    merged_at: pull.isMerged ? pull.createdAt : null,
    closed_at: pull.state === 'closed' ? pull.createdAt : null,
    created_at: pull.createdAt,
    updated_at: pull.createdAt,
    commits: pull.heads.length,
    head: { label: `${owner.login}:${pull.headBranch}`, ref: pull.headBranch, sha: pull.headSha, user: account(owner), repo: source },
    base: { label: `${base.owner.login}:main`, ref: 'main', sha: pull.baseTip, user: account(base.owner), repo: repository(base) },
  }
}

function checkRunShape(run: CheckRun, { url, nodeId, app }: { url: string; nodeId: string; app: unknown }): Record<string, unknown> {
  const at = `${url}/repos/${run.repository.names[0]}/check-runs/${run.id}`
  return {
    id: run.id,
    node_id: nodeId,
    name: run.name,
    head_sha: run.sha,
    external_id: run.externalId,
    url: at,
    html_url: `${url}/${run.repository.names[0]}/runs/${run.id}`,
    details_url: run.detailsUrl ?? null,
    status: run.status,
    conclusion: run.conclusion,
    started_at: run.startedAt,
    completed_at: run.completedAt,
    check_suite: { id: run.repository.id + 1 },
    output: {
      title: run.title,
      summary: run.summary,
      text: run.text,
      annotations_count: run.annotations.length,
      annotations_url: `${at}/annotations`,
    },
    app,
    pull_requests: [],
  }
}
