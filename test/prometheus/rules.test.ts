import { resolve } from 'node:path';
import { promtool } from './prometheus';

const RULES = resolve(__dirname, '../../deploy/prometheus');

describe('the rules for Prometheus', () => {
  it('are well-formed', async () => {
    expect(
      await promtool({ cwd: RULES }, 'check', 'rules', '--lint=all', '--lint-fatal', 'nsgate.rules.yml'),
    ).toContain('SUCCESS');
    expect(await promtool({ cwd: RULES }, 'check', 'config', 'prometheus.yml')).toContain('SUCCESS');
  }, 120_000);

  it('record and alert as their tests say', async () => {
    expect(await promtool({ cwd: RULES }, 'test', 'rules', 'nsgate.rules.test.yml')).toContain('SUCCESS');
  }, 60_000);
});
