/** The web page in a real browser, against a real controller, behind it a virtual machine with the real agent and kernel module. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { buildController } from '../../controller/src/controller-process.testing';
import { Fleet } from './harness/fleet';
import { COUNTED_PORT, DNS_GUARD, TRACKING, WEB_FRONT } from './harness/policies';
import type { RealHost } from './harness/real-host';
import { openBrowser, Viewer } from './harness/viewer';

jest.setTimeout(120_000);
/** The machine is emulated where there is no KVM. */
const START_PATIENCE_MS = 240_000;

const NAMESPACES = ['tenant-a', 'tenant-b', 'tenant-c'];
const fleet = new Fleet();
let host: RealHost;
let browser: Browser;
let viewer: Viewer;

beforeAll(async () => {
  buildController();
  execFileSync(process.execPath, [join(__dirname, '../../controller/build-web.mjs')]);
  await fleet.start();
  for (const policy of [WEB_FRONT, DNS_GUARD, TRACKING]) await fleet.addPolicy(policy);
  [host, browser] = await Promise.all([fleet.bootHost('edge-1', NAMESPACES, true), openBrowser()]);
  viewer = await Viewer.openLoggedIn(browser, fleet.webPort, { patienceMs: 60_000 });
  await row(/^edge-1 enforced/).waitFor({ timeout: START_PATIENCE_MS });
}, 2 * START_PATIENCE_MS);

afterAll(async () => {
  await browser.close();
  await host.stop();
  await fleet.stop();
});

afterEach(() => expect(viewer.complaints).toEqual([]));

const row = (name: RegExp): ReturnType<Viewer['page']['getByRole']> => viewer.page.getByRole('row', { name });

it('shows the host, its namespaces, and that the kernel holds every policy', async () => {
  await viewer.go('/');
  await viewer.page.getByRole('link', { name: 'edge-1' }).click();
  for (const name of NAMESPACES) await row(new RegExp(`^${name} ready`)).waitFor();
  await row(/^web-front tenant-c enforced/).waitFor();
});

it('counts, of a rule, exactly the packets that were sent, of both families', async () => {
  await viewer.go('/policies/web-front');
  await row(/^counted/).waitFor();
  await host.send({ to: 'tenant-a', family: 4, port: COUNTED_PORT, count: 37 });
  await host.send({ to: 'tenant-b', family: 6, port: COUNTED_PORT, count: 5 });
  await row(/^counted/)
    .getByTitle('42 packets', { exact: true })
    .waitFor();
  await row(/^counted input .*drop .* ago/).waitFor();
  await row(/^default verdict input what no rule decides drop [1-9]/).waitFor();
});

it('tells what became of packets at each hook that a policy looks at', async () => {
  await viewer.go('/traffic');
  const hooks = viewer.page.getByRole('table', { name: 'Hooks' });
  for (const hook of ['prerouting', 'input', 'output']) await hooks.getByText(hook).waitFor();
  const dropped = hooks
    .getByRole('row', { name: /^input/ })
    .getByRole('cell')
    .nth(4)
    .getByTitle(/packets$/);
  const count = Number((await dropped.getAttribute('title'))?.replace(/\D/g, ''));
  expect(count).toBeGreaterThanOrEqual(42);
});

/** In the page; a text that says how to read it would be given back unread. */
function textOverflowOf(element: unknown): string {
  interface Page {
    getComputedStyle(of: unknown): { readonly textOverflow: string };
  }
  return (globalThis as unknown as Page).getComputedStyle(element).textOverflow;
}

describe('the packets page', () => {
  const filterBy = async (fields: Record<string, string>): Promise<void> => {
    await viewer.go('/packets');
    for (const [label, text] of Object.entries(fields)) {
      await viewer.page.getByLabel(label, { exact: true }).fill(text);
    }
    await viewer.page.getByRole('button', { name: 'Apply' }).click();
  };

  it('shows those that pass every filter, which stands in the address, as they come', async () => {
    await filterBy({
      Host: 'edge-1',
      Namespace: 'tenant-b',
      Policy: 'web-front',
      'Address or prefix': 'fd09::/16, 192.0.2.0/24',
      Port: String(COUNTED_PORT),
      Protocol: 'udp',
    });
    await viewer.page.getByLabel('Verdict').selectOption('drop');
    await viewer.page.waitForURL(/verdict=drop&host=edge-1&namespace=tenant-b&policy=web-front&prefix=/);
    await viewer.sees('5 packets');
    await host.send({ to: 'tenant-b', family: 6, port: COUNTED_PORT, count: 2 });
    await host.send({ to: 'tenant-b', family: 4, port: COUNTED_PORT, count: 1 });
    await viewer.sees('7 packets');
    await row(/udp \[fd09:2::1\]:\d+ → \[fd09:2::2\]:7007 input by tenant-bn/)
      .first()
      .waitFor();
    await viewer.page.reload();
    await viewer.sees('7 packets');
  });

  it('says at the field what is wrong with it', async () => {
    await filterBy({ 'Address or prefix': '10.0.0.1/8', Port: 'ssh' });
    await viewer.sees('"ssh" is not from 1 to 65535');
    await filterBy({ 'Address or prefix': '10.0.0.1/8' });
    const field = viewer.page.getByLabel('Address or prefix');
    await viewer.page.locator('#prefix-problem').waitFor();
    expect(await field.getAttribute('aria-describedby')).toBe('prefix-problem');
  });

  it('stands still while it is paused, counting what comes, and goes on', async () => {
    await filterBy({ Namespace: 'tenant-c', Port: String(COUNTED_PORT) });
    await viewer.sees('No packet that fits has been sampled');
    await viewer.page.keyboard.press('Escape');
    await viewer.page.getByRole('button', { name: 'Pause' }).click();
    await host.send({ to: 'tenant-c', family: 4, port: COUNTED_PORT, count: 3 });
    await viewer.sees('0 packets, 3 more since the pause');
    await viewer.page.getByRole('button', { name: 'Follow' }).click();
    await viewer.sees('3 packets');
  });

  it('leads from a packet to what the kernel would do with such a one now', async () => {
    await filterBy({ Namespace: 'tenant-c', Port: String(COUNTED_PORT) });
    const packet = viewer.page.getByTitle('Details').first();
    // Where it is cut, that shows: a port without its last digit is another port.
    expect(await packet.evaluate(textOverflowOf)).toBe('ellipsis');
    await packet.click();
    const details = viewer.page.getByRole('region', { name: 'Packet' });
    expect(await details.innerText()).toMatch(/Hook\s+input by tenant-cn/);
    await details.getByRole('link', { name: /^Explain/ }).click();
    await viewer.page.getByRole('button', { name: 'Explain' }).click();
    const answer = viewer.page.getByLabel('Answer');
    await answer.waitFor();
    expect(await answer.innerText()).toMatch(/dropped by the rule counted of web-front at revision \d+/);
  });
});

describe('Explain', () => {
  const PLACE = '/explain?host=edge-1&namespace=tenant-a';
  const answerTo = async (query: string): Promise<string> => {
    await viewer.go(`${PLACE}&${query}`);
    await viewer.page.getByRole('button', { name: 'Explain' }).click();
    const answer = viewer.page.getByLabel('Answer');
    await answer.waitFor();
    return answer.innerText();
  };

  it.each([
    [
      'HOOK_INPUT',
      'protocol=tcp&source=10.9.1.1&destination=10.9.1.2&destination_port=443',
      /accepted by the rule web/,
    ],
    [
      'HOOK_INPUT',
      'protocol=6&source=fd09:1::1&destination=fd09:1::2&destination_port=23',
      /rejected by the rule telnet/,
    ],
    ['HOOK_INPUT', 'protocol=gre&source=10.9.1.1&destination=10.9.1.2', /dropped by the default verdict/],
    [
      'HOOK_INPUT',
      'protocol=icmpv6&source=fd09:1::1&destination=fd09:1::2&icmp_type=128',
      /accepted by the rule icmpv6/,
    ],
    [
      'HOOK_PREROUTING',
      'protocol=udp&source=10.9.1.1&destination=10.9.1.2&state=CONNECTION_STATE_INVALID',
      /dropped by the rule invalid of tracking/,
    ],
    ['HOOK_OUTPUT', 'protocol=icmp&source=10.9.1.2&destination=10.9.1.1', /accepted by the default verdict/],
    ['HOOK_FORWARD', 'protocol=tcp&source=10.9.1.2&destination=10.9.1.1&tcp_flags=SYN', /accepted/],
    ['HOOK_POSTROUTING', 'protocol=132&source=::1&destination=::2', /accepted/],
  ])('asks the kernel at %s: %s', async (hook, query, expected) => {
    expect(await answerTo(`hook=${hook}&${query}`)).toMatch(expected);
  });

  it('says at each field what is wrong with it', async () => {
    await viewer.go(`${PLACE}&source=10.9.1.1&destination=fd09:1::2&protocol=tpc&in_interface=veth*`);
    await viewer.page.getByRole('button', { name: 'Explain' }).click();
    for (const field of ['destination', 'protocol', 'in_interface']) {
      await viewer.page.locator(`#${field}-problem`).waitFor();
    }
  });
});

describe('the charts', () => {
  const since = async (): Promise<number> => {
    await viewer.page.locator('.plot[data-since]').waitFor();
    return Number(await viewer.page.locator('.plot').getAttribute('data-since'));
  };

  it.each(['5 min', '1 h'])(
    'of %s begin with what was kept, also when the controller was restarted',
    async (range) => {
      const before = Date.now() / 1000;
      if (range === '1 h') {
        await fleet.controller.stop();
        await viewer.sees(/^stale for/);
        await fleet.startController();
        await viewer.logIn();
      }
      await viewer.go(`/traffic?range=${encodeURIComponent(range)}`);
      expect(await since()).toBeLessThan(before - 5);
      await viewer.page.getByRole('button', { name: '24 h' }).click();
      await viewer.page.waitForURL(/range=24/);
      expect(await since()).toBeGreaterThan(0);
    },
  );
});

it('loads in under 200 KB, live data included', async () => {
  const visitor = await Viewer.openLoggedIn(browser, fleet.webPort);
  const received = await visitor.bytesOf(async () => {
    await visitor.go('/');
    await visitor.page.getByRole('row', { name: /^edge-1/ }).waitFor();
    await visitor.page.locator('.plot canvas').waitFor();
  });
  process.stderr.write(`the fleet page: ${received} bytes\n`);
  expect(received).toBeGreaterThan(20_000);
  expect(received).toBeLessThan(200_000);
  await visitor.close();
});
