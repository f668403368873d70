import { ago, bytes, compact, labelText, shortName, word } from './format';

it.each([
  [compact(0), '0'],
  [compact(0.25), '0.25'],
  [compact(0.999), '1'],
  [compact(12_345), '12.3K'],
  [bytes('999'), '999 B'],
  [bytes(1500), '1.5 kB'],
  [bytes('20000000000000000000'), '20000.0 PB'],
  [ago('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:59Z')), '59 s'],
  [ago('2026-01-01T00:00:00Z', Date.parse('2026-01-01T02:00:00Z')), '2 h'],
  [ago('2026-01-01T00:00:10Z', Date.parse('2026-01-01T00:00:00Z')), '0 s'],
  [shortName('hosts/h1'), 'h1'],
  [word('HOST_EVENT_KIND_DRIFT_REPAIRED', 'HOST_EVENT_KIND_'), 'drift repaired'],
  [labelText({ role: 'edge', site: 'fra' }), 'role=edge, site=fra'],
])('%s', (shown, expected) => expect(shown).toBe(expected));
