import { describeHostility } from './fixtures/hostile.ts'

describeHostility('local 18')
// Before 13 there are no trusted extensions, and before 16 who makes roles can have every right: what is about rights is tried there too.
describeHostility(
  'local 12',
  /copy|file|role|grant|superuser|language|function|large-object-import|event|definer|dblink|fdw|prepared|owned|load|slots/,
)
// A twin is a local clone with other statistics.
describeHostility('twin 18', /program|terminate|alter-system|disk|everything|loop|prepared|role-settings/)
