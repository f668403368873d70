import { TestAuthority } from './certificate-authority.testing';
import type { TlsMaterial } from './identity-files';
import { KeptCredentials } from './kept-credentials';
import { makeKeyRequest } from './key-request';

describe('credentials', () => {
  async function enrol(authority: TestAuthority): Promise<TlsMaterial> {
    const { key, request } = await makeKeyRequest('h1');
    const cert = await authority.certify(request, 'h1', { from: -1000, to: 60_000 });
    return { ca: authority.pem, cert, key };
  }

  it('are kept while the certificates are the same, and made anew from others', async () => {
    const authority = await TestAuthority.make();
    const [first, renewed] = [await enrol(authority), await enrol(authority)];
    const kept = new KeptCredentials();
    const before = kept.of(first);
    expect(kept.of({ ...first })).toBe(before);
    expect(kept.of(renewed)).not.toBe(before);
  });
});
