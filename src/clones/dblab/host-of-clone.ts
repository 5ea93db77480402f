import { BlockList, isIP } from 'node:net'
import { plainHost } from './request.ts'

/** Where a clone says to be when its engine tells users of its own machine: its loopback, or every address it has. */
const OWN = new BlockList()
OWN.addSubnet('127.0.0.0', 8, 'ipv4')
OWN.addAddress('0.0.0.0', 'ipv4')
OWN.addAddress('::1', 'ipv6')
OWN.addAddress('::', 'ipv6')
const OWN_NAME = /^(?:localhost(?:\.localdomain)?|[\w.-]+\.localhost|ip6-localhost|)\.?$/i

/** The host to connect to: `accessHost` where somebody set one, else what the engine says, else, when only the engine itself can mean that, the host of its API. */
export function hostOfClone(said: string, engine: URL, accessHost: string | undefined): string {
  const host = bare(said)
  return bare(accessHost ?? '') || (isOwn(host) ? plainHost(engine) : host)
}

function isOwn(host: string): boolean {
  const family = isIP(host)
  return family === 0 ? OWN_NAME.test(host) : OWN.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

/** Some write an IPv6 address as in a URL. */
function bare(host: string): string {
  return host.trim().replace(/^\[(.*)\]$/, '$1')
}
