/** Streams that are open when their callers lose the right to them. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import { Hello } from '@nsgate/proto';
import type { Clients } from '../controller-process.testing';
import { hashSecret } from '../identity/token-hash';
import { AccessSite, denied, STATIC_TOKEN, unproved } from './access-site.testing';

// Processes start slowly on a busy machine.
jest.setTimeout(60_000);

const site = new AccessSite();
const { accessFile, as, briefly, withToken, lines, signJwt } = site;
beforeAll(() => site.start());
afterAll(() => site.remove());

describe('a stream that is open', () => {
  const watchingOf = async (
    clients: Clients,
  ): Promise<{ end: Promise<unknown>; isOver: () => boolean; cancel: () => void }> => {
    const watch = clients.policies.watchPolicies({ afterRevision: 0n });
    let over = false;
    const end = new Promise((resolve) => watch.on('error', resolve)).finally(() => (over = true));
    watch.on('data', () => undefined);
    await once(watch, 'metadata');
    return { end, isOver: () => over, cancel: () => watch.cancel() };
  };
  const connected = async (clients: Clients): Promise<{ end: Promise<unknown> }> => {
    const call = clients.agents.connect();
    const end = new Promise((resolve) => call.on('error', resolve));
    call.write({ message: { $case: 'hello', value: Hello.fromPartial({ hostId: 'h1', bootId: 'b' }) } });
    await once(call, 'data');
    call.resume();
    return { end };
  };
  /** Stated in docs/how-to/access.md. */
  const WITHIN_MS = 5000;

  interface Case {
    readonly caller: () => Promise<Clients>;
    readonly from: string;
    readonly to: string;
    readonly code: typeof denied;
  }
  it.each<[string, Case]>([
    ['role is taken away', { caller: () => as('vera'), from: 'cert:vera', to: 'cert:nobody', code: denied }],
    [
      'token is taken away',
      {
        caller: () => Promise.resolve(withToken(STATIC_TOKEN)),
        from: hashSecret(STATIC_TOKEN),
        to: 'a'.repeat(64),
        code: unproved,
      },
    ],
  ])('ends when its %s, on record, and others go on', async (_what, { caller, from, to, code }) => {
    writeFileSync(accessFile, site.access());
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const [ended, other] = [await watchingOf(await caller()), await watchingOf(await as('ada'))];
    const began = Date.now();
    writeFileSync(accessFile, site.access().replace(from, to));
    expect(await ended.end).toMatchObject(code);
    expect(Date.now() - began).toBeLessThan(WITHIN_MS);
    expect(lines().at(-1)).toMatchObject({
      method: 'nsgate.v1.PolicyService/WatchPolicies',
      result: status[code.code],
    });
    expect(other.isOver()).toBe(false);
    other.cancel();
    writeFileSync(accessFile, site.access());
  });

  it('of an operator or a host ends when the certificate that it came with expires, on record', async () => {
    const lifetimeMs = 6000;
    const made = Date.now();
    const operator = await watchingOf(await briefly({ kind: 'operator', id: 'ada' }, lifetimeMs));
    const host = await connected(await briefly({ kind: 'host', id: 'h1' }, lifetimeMs));
    expect(await Promise.all([operator.end, host.end])).toEqual([
      expect.objectContaining(unproved),
      expect.objectContaining(unproved),
    ]);
    expect(Date.now() - made).toBeGreaterThan(lifetimeMs - 1000);
    expect(Date.now() - made).toBeLessThan(lifetimeMs + WITHIN_MS);
    expect(
      lines()
        .slice(-2)
        .map(({ principal, result }) => [principal, result]),
    ).toEqual(
      expect.arrayContaining([
        ['cert:ada', 'UNAUTHENTICATED'],
        ['host:h1', 'UNAUTHENTICATED'],
      ]),
    );
  });

  it('ends when the JWT that it came with expires', async () => {
    const token = await signJwt({ sub: 'erin' }, { exp: '-27s' });
    const { end } = await watchingOf(withToken(token));
    expect(await end).toMatchObject(unproved);
  });
});
