import { describeHostility } from './fixtures/hostile.ts'

describeHostility('template 15')
describeHostility('url 18')
