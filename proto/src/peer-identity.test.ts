import { identityFromSubjectAltName, identityUri } from './peer-identity';

describe('the identity in a certificate', () => {
  it('is read back as it was written', () => {
    const identity = { kind: 'host', id: 'web-1.example' } as const;
    const names = `DNS:localhost, URI:${identityUri(identity, 'site.example')}`;
    expect(identityFromSubjectAltName(names)).toEqual({ ...identity, trustDomain: 'site.example' });
  });

  it.each([
    ['no subject alternative name', undefined],
    ['no URI', 'DNS:localhost, IP Address:127.0.0.1'],
    ['a URI of another scheme', 'URI:https://nsgate.local/nsgate/host/a'],
    ['another path', 'URI:spiffe://nsgate.local/other/host/a'],
    ['an unknown kind', 'URI:spiffe://nsgate.local/nsgate/robot/a'],
    ['a path that goes on', 'URI:spiffe://nsgate.local/nsgate/host/a/b'],
    [
      'two URIs, of which either could be meant',
      'URI:spiffe://nsgate.local/nsgate/host/a, URI:spiffe://nsgate.local/nsgate/host/b',
    ],
    ['a DNS name that pretends', 'DNS:x\\, URI:spiffe://nsgate.local/nsgate/host/a b'],
  ])('is none with %s', (_case, subjectAltName) => {
    expect(identityFromSubjectAltName(subjectAltName)).toBeUndefined();
  });
});
