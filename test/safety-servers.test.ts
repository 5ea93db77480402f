import { describeHostility } from './fixtures/hostile.ts'

describeHostility('template 15')
describeHostility('url 18')
// The engine runs a cluster for each clone; the stub's share one, so what is about its roles or keeps a database from being dropped is not tried here.
describeHostility(
  'dblab 16',
  /copy|file|program|language|function|dblink|fdw|terminate|cancel|loop|recursion|advisory|session|drop-everything|shadow/,
)
