import type { MergeRequestRef } from '../../forges/forge.ts'
import type { StubForge } from '../stub-forge.ts'
import { commentAs, findPull, findThread, stateOf } from './people.ts'
import { pushTo } from './pulls.ts'
import type { State } from './state.ts'

/** What only GitHub has. */
export interface GithubControls {
  /** An organisation's owner suspends the app, or lets it work again. */
  suspend(ref: MergeRequestRef, isSuspended?: boolean): void
  /** The repository gets another name; the old one leads there. */
  rename(ref: MergeRequestRef, repository: string): void
  /** Nobody may comment any more. */
  lock(ref: MergeRequestRef): void
  /** The repository can only be read. */
  archive(ref: MergeRequestRef): void
  deleteFork(ref: MergeRequestRef): void
}

type People = Pick<StubForge, 'push' | 'comment' | 'editComment' | 'deleteComment' | 'resolve' | 'hide' | 'setPermission' | 'state'>

/** What people do in the browser, and what they see there. */
export function peopleOf(state: State): People {
  const pullOf = (ref: MergeRequestRef) => findPull(state, ref)
  return {
    push: (ref, files, options) => pushTo(state, pullOf(ref), files, options?.force ?? false),
    comment: async (ref, author, text, inThread) => commentAs(state, pullOf(ref), author, text, inThread),
    editComment(ref, id, text) {
      const all = [...state.comments, ...state.threads.flatMap(({ comments }) => comments)]
      const found = all.find((one) => one.id === id && one.pull === pullOf(ref))
      if (!found) throw new Error(`There is no comment ${id}`)
      Object.assign(found, { body: text, updatedAt: state.now() })
    },
    deleteComment(ref, id) {
      const pull = pullOf(ref)
      state.comments = state.comments.filter((one) => one.id !== id || one.pull !== pull)
      for (const thread of state.threads) thread.comments = thread.comments.filter((one) => one.id !== id || one.pull !== pull)
    },
    resolve(ref, thread, by, isResolved = true) {
      findThread(state, pullOf(ref), thread).resolvedBy = isResolved ? state.account(by) : undefined
    },
    hide(ref, isHidden = true) {
      pullOf(ref).repository.isHidden = isHidden
    },
    setPermission(ref, login, permission) {
      state.account(login)
      pullOf(ref).repository.permissions.set(login.toLowerCase(), permission)
    },
    state: (ref) => stateOf(state, pullOf(ref)),
  }
}

export function controlsOf(state: State): GithubControls {
  const pullOf = (ref: MergeRequestRef) => findPull(state, ref)
  return {
    suspend(ref, isSuspended = true) {
      pullOf(ref).repository.installation.isSuspended = isSuspended
    },
    rename(ref, repository) {
      const found = pullOf(ref).repository
      found.names.unshift(repository)
      found.name = repository.split('/')[1] ?? repository
    },
    lock(ref) {
      pullOf(ref).isLocked = true
    },
    archive(ref) {
      pullOf(ref).repository.isArchived = true
    },
    deleteFork(ref) {
      const { fork } = pullOf(ref)
      if (fork) fork.isGone = true
    },
  }
}
