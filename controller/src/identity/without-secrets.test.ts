import { withoutSecrets } from './without-secrets';

it.each([
  ['a static token', "unknown option '--token=nsgt_dGhpcyBp-cyBh_'", "unknown option '--token=nsgt_…'"],
  ['a token of enrolment', 'too many: nsge1.web-1.ab12.c_D-3', 'too many: nsge1.…'],
  ['a JWT', 'Bearer eyJhbGciOi.eyJzdWIi.c2ln-_ is wrong', 'Bearer eyJ… is wrong'],
  ['a JWT without a signature', 'eyJhbGciOi.eyJzdWIi.', 'eyJ…'],
  ['several', 'nsgt_a nsgt_b', 'nsgt_… nsgt_…'],
])('%s is not shown', (_what, text, shown) => expect(withoutSecrets(text)).toBe(shown));

it('what is no secret is shown as it is', () => {
  const text = "unknown option '--token-fil' (Did you mean --token-file?)";
  expect(withoutSecrets(text)).toBe(text);
});
