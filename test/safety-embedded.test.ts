import { describeHostility } from './fixtures/hostile.ts'

describeHostility('embedded')
