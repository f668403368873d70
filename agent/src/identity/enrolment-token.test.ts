import * as fc from 'fast-check';
import { parseToken, withoutTokens } from './enrolment-token';
import { IdentityFault } from './identity-fault';

const FINGERPRINT = 'ab'.repeat(32);
const SECRET = 'A-_z'.repeat(10) + 'xyz';

describe('a token', () => {
  it('says for whom it is, and by which CA the controller is known', () => {
    const text = `nsge1.web-1.example.${FINGERPRINT}.${SECRET}`;
    expect(parseToken(text)).toEqual({ host: 'web-1.example', authority: FINGERPRINT, text });
  });

  it.each([
    ['nothing', ''],
    ['another version', `nsge2.web-1.${FINGERPRINT}.${SECRET}`],
    ['no host', `nsge1..${FINGERPRINT}.${SECRET}`],
    ['a fingerprint that is cut short', `nsge1.web-1.${FINGERPRINT.slice(1)}.${SECRET}`],
    ['a secret that is cut short', `nsge1.web-1.${FINGERPRINT}.${SECRET.slice(1)}`],
    ['two lines', `nsge1.web-1.${FINGERPRINT}.${SECRET}\nmore`],
  ])('is none with %s', (_what, text) => {
    expect(() => parseToken(text)).toThrow(IdentityFault);
  });

  it('is not shown by the error that refuses it, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 12 }), (text) => {
        try {
          parseToken(`nsge1.web-1.${text}`);
        } catch (error) {
          expect((error as IdentityFault).message).not.toContain(text);
        }
      }),
    );
  });

  it('is taken out of what people are shown', () => {
    expect(withoutTokens(`unknown option '--t=nsge1.web-1.${FINGERPRINT}.${SECRET}'`)).toBe(
      "unknown option '--t=nsge1.…'",
    );
  });
});
