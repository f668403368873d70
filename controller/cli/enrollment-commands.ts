/** `nsgate host enroll` and `revoke`, and `nsgate token create`: how hosts and programs come by what proves who they are. */
import { CreateEnrollmentTokenRequest } from '@nsgate/proto';
import { hashSecret, newSecret } from '../src/identity/token-hash';
import { STATIC_TOKEN_PREFIX } from '../src/identity/static-tokens';
import { call } from './call';
import { resourceName, type CommandContext } from './command-context';
import { CommandError } from './exit-code';

const UNITS: Readonly<Record<string, bigint>> = { s: 1n, m: 60n, h: 3600n, d: 86_400n };

/** Prints the token alone on stdout, so that it can go to a file or through a pipe; what to do with it goes to stderr. */
export async function enrollHost(
  { connection: { enrollment }, print, note }: CommandContext,
  name: string,
  ttl: string,
): Promise<void> {
  const host = name.replace(/^hosts\//, '');
  const request = CreateEnrollmentTokenRequest.fromPartial({
    host: resourceName('hosts', host),
    ttl: { seconds: secondsOf(ttl), nanos: 0 },
  });
  const { token, expireTime } = await call(enrollment.createEnrollmentToken.bind(enrollment), request);
  print(token);
  for (const line of nextSteps(host, expireTime)) note(line);
}

/** The token goes by standard input or by a file: what stands in a command line, every user of the machine can read. */
function nextSteps(host: string, expires: Date | undefined): string[] {
  return [
    `This token enrols ${host} once, until ${expires?.toISOString() ?? '?'}. On ${host}, as root:`,
    '',
    '    mkdir -p -m 0700 /var/lib/nsgate',
    '    (umask 077; cat > /var/lib/nsgate/enroll-token)      # paste the token, Enter, Ctrl-D',
    '    systemctl restart nsgate-agent                       # not needed if it runs',
    '    nsgate-agent status                                  # certificate: …/nsgate/host/' + host,
    '',
    'or, from here, without seeing it:',
    '',
    `    nsgate host enroll ${host} | ssh root@${host} 'umask 077; mkdir -p /var/lib/nsgate; cat > /var/lib/nsgate/enroll-token'`,
    '',
    "/etc/nsgate/agent.yaml on the host names the controller, as in `controller: [HOST:7443]`; and `host-id`, where the host's own name is another.",
  ];
}

/** Takes back every certificate of a host. */
export async function revokeHost(
  { connection: { enrollment }, print }: CommandContext,
  host: string,
  reason: string,
): Promise<void> {
  const name = resourceName('hosts', host);
  await call(enrollment.revokeHost.bind(enrollment), { host: name, reason });
  print(`${name} is revoked: it gets in again only when it is enrolled anew`);
}

/** Draws a token for the access file; needs no controller. */
export function createToken(name: string, print: (line: string) => void): void {
  const token = `${STATIC_TOKEN_PREFIX}${newSecret()}`;
  print(`token (shown this once): ${token}`);
  print('in the access file:');
  print(`tokens:\n  - { name: ${name}, sha256: ${hashSecret(token)} }`);
}

function secondsOf(text: string): bigint {
  const [, count = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const factor = UNITS[unit];
  if (factor === undefined) throw new CommandError('usage', `${text} is no time such as 30m, 1h or 7d`);
  return BigInt(count) * factor;
}
