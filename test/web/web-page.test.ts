/**
 * The web page in a real browser, against a real controller: what takes a fleet, with hosts that fail, leave and lose samples when they are told
 * to. They are faked as far as the agents' protocol; real-host.test.ts has a real one.
 */
import type { Browser } from 'playwright-core';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Action, Hook } from '@nsgate/proto';
import { buildController } from '../../controller/src/controller-process.testing';
import { Fleet } from './harness/fleet';
import { openBrowser, PHONE, Viewer } from './harness/viewer';

// Browsers start slowly on a busy machine.
jest.setTimeout(90_000);

const fleet = new Fleet();
let browser: Browser;
let viewer: Viewer;

const PAGES = [
  '/',
  '/traffic',
  '/policies',
  '/policies/web-front',
  '/hosts/edge-3',
  '/packets',
  '/explain',
  '/nonsense',
];

beforeAll(async () => {
  buildController();
  execFileSync(process.execPath, [join(__dirname, '../../controller/build-web.mjs')]);
  await fleet.start();
  await fleet.addPolicy({
    name: 'policies/web-front',
    description: 'HTTP and HTTPS for everybody, SSH from the office, nothing else',
    namespaces: { include: ['tenant-*'] },
    rules: [
      {
        id: 'web',
        hook: Hook.HOOK_INPUT,
        action: Action.ACTION_ACCEPT,
        match: { protocol: 'tcp', destinationPorts: ['80', '443'] },
      },
      {
        id: 'ssh-office',
        hook: Hook.HOOK_INPUT,
        action: Action.ACTION_ACCEPT,
        match: { sources: ['192.0.2.0/24'], protocol: 'tcp', destinationPorts: ['22'] },
      },
      { id: 'rest', hook: Hook.HOOK_INPUT, action: Action.ACTION_DROP },
    ],
  });
  await fleet.addPolicy({
    name: 'policies/dns-guard',
    namespaces: { include: ['tenant-*'] },
    rules: [
      {
        id: 'dns',
        hook: Hook.HOOK_OUTPUT,
        action: Action.ACTION_REJECT,
        shadow: true,
        match: { protocol: 'udp', destinationPorts: ['53'] },
      },
    ],
  });
  for (let i = 1; i <= 8; i++) await fleet.addHost(`edge-${i}`, ['tenant-a', 'tenant-b', 'tenant-c']);
  browser = await openBrowser();
  viewer = await Viewer.openLoggedIn(browser, fleet.webPort);
});

afterAll(async () => {
  await browser.close();
  await fleet.stop();
});

afterEach(() => expect(viewer.complaints).toEqual([]));

describe('who comes without a session', () => {
  it('logs in by a token, and gets to the page that was asked for', async () => {
    const stranger = await Viewer.open(browser, fleet.webPort);
    await stranger.go('/policies/web-front');
    await stranger.picture('login');
    expect(await stranger.barriers()).toEqual([]);
    await stranger.logIn('wrong');
    await stranger.sees('You cannot log in by this token: this controller takes no such tokens.');
    await stranger.logIn();
    await stranger.page.getByRole('heading', { level: 1, name: 'web-front' }).waitFor();
    await stranger.page.getByRole('button', { name: 'Log out' }).click();
    await stranger.page.getByLabel('Token').waitFor();
    expect(stranger.complaints).toEqual([]);
    await stranger.close();
  });
});

describe('the fleet page', () => {
  it('counts hosts, and shows one that leaves without being loaded again', async () => {
    await fleet.addHost('leaving', ['tenant-a']);
    await viewer.go('/');
    await viewer.page.getByRole('row', { name: /^leaving enforced/ }).waitFor();
    fleet.removeHost('leaving');
    await viewer.page.getByRole('row', { name: /^leaving offline/ }).waitFor();
  });

  it('narrows the list by the filter, which the key / goes to', async () => {
    await viewer.go('/');
    await viewer.page.getByRole('row', { name: /^edge-2/ }).waitFor();
    await viewer.page.keyboard.press('/');
    await viewer.page.keyboard.type('site=fra');
    await viewer.sees(/of 9$/);
    expect(await viewer.page.getByRole('row', { name: /^edge-2/ }).count()).toBe(0);
    expect(viewer.page.url()).toContain('filter=site%3Dfra');
    await viewer.page.keyboard.press('Escape');
    await viewer.page.getByRole('row', { name: /^edge-2/ }).waitFor();
  });
});

describe('the policy pages', () => {
  it('show a policy as soon as it is stored', async () => {
    await viewer.go('/policies');
    await viewer.page.getByRole('row', { name: /^web-front/ }).waitFor();
    await fleet.addPolicy({ name: 'policies/fresh', namespaces: { include: ['none-*'] } });
    await viewer.page.getByRole('row', { name: /^fresh .*nowhere/ }).waitFor();
  });

  it('show what each rule matches, rising', async () => {
    await viewer.go('/policies');
    await viewer.page.getByRole('link', { name: 'web-front' }).click();
    const hits = viewer.page.getByRole('row', { name: /^ssh-office/ }).getByTitle(/packets$/);
    await hits.waitFor();
    const before = await hits.getAttribute('title');
    while ((await hits.getAttribute('title')) === before) await setTimeout(100);
  });

  it('say where it failed, and why, before anything else', async () => {
    await viewer.go('/policies/dns-guard');
    const first = viewer.page.getByRole('table', { name: 'Realizations' }).getByRole('row').nth(1);
    await first.getByText('failed').waitFor();
    expect(await first.innerText()).toContain('no memory for its counters');
  });
});

describe('the host page', () => {
  it('says so of a host that nobody knows', async () => {
    await viewer.go('/hosts/nobody');
    await viewer.sees('There is no such thing');
  });
});

describe('the packets page', () => {
  it('tells how many samples were lost on the way', async () => {
    await viewer.go('/packets?host=edge-2');
    await viewer.sees('No packet that fits has been sampled');
    fleet.host('edge-1').loseSamples(7);
    fleet.host('edge-2').loseSamples(1200);
    await viewer.sees('1,200 samples were lost on the way');
  });
});

describe('with a keyboard alone', () => {
  it('the first key leads past the navigation, and focus is seen', async () => {
    await viewer.go('/policies');
    await viewer.page.getByRole('row', { name: /^web-front/ }).waitFor();
    await viewer.page.keyboard.press('Tab');
    expect(await viewer.read(`document.activeElement?.textContent`)).toBe('Skip to content');
    await viewer.page.keyboard.press('Enter');
    expect(await viewer.read(`document.activeElement?.id`)).toBe('main');
    await viewer.page.keyboard.press('Tab');
    const outline = await viewer.read(
      `getComputedStyle(document.activeElement ?? document.body).outlineStyle`,
    );
    expect(outline).toBe('solid');
  });

  it('keys lead to every page and to its filter, and ? lists them', async () => {
    await viewer.go('/');
    await viewer.page.getByRole('heading', { level: 1, name: 'Fleet' }).waitFor();
    const { keyboard } = viewer.page;
    for (const [key, title] of [
      ['t', 'Traffic'],
      ['p', 'Policies'],
      ['k', 'Packets'],
      ['e', 'Explain'],
      ['f', 'Fleet'],
    ] as const) {
      await keyboard.press('g');
      await keyboard.press(key);
      await viewer.page.getByRole('heading', { level: 1, name: title }).waitFor();
    }
    await keyboard.press('?');
    const help = viewer.page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await help.waitFor();
    expect(await viewer.barriers()).toEqual([]);
    await keyboard.press('Escape');
    await help.waitFor({ state: 'hidden' });
  });

  it('a filter is filled in and applied, packets are paused, and where one was is kept', async () => {
    await viewer.go('/packets');
    const { keyboard } = viewer.page;
    await viewer.page.getByRole('button', { name: 'Pause' }).waitFor();
    await keyboard.press('/');
    await keyboard.type('edge-1');
    await keyboard.press('Enter');
    await viewer.page.waitForURL(/\/packets\?host=edge-1$/);
    expect(await viewer.read(`document.activeElement?.name`)).toBe('host');
    await keyboard.press('Tab');
    await viewer.read(`document.activeElement.blur()`);
    await keyboard.press('p');
    await viewer.page.getByRole('button', { name: 'Follow' }).waitFor();
  });

  it('colours are changed, and kept', async () => {
    await viewer.go('/explain');
    const toggle = viewer.page.getByRole('button', { name: /^Colours/ });
    await toggle.focus();
    await viewer.page.keyboard.press('Enter');
    await viewer.page.keyboard.press('Enter');
    await viewer.page.reload();
    expect(await viewer.read(`document.documentElement.dataset.theme`)).toBe('dark');
    await toggle.click();
    expect(await viewer.read(`document.documentElement.dataset.theme`)).toBeUndefined();
  });
});

describe.each([
  ['light', {}],
  ['dark', { colorScheme: 'dark' as const }],
  ['phone', PHONE],
])('in %s', (look, options) => {
  it('no page has a serious barrier, or is wider than the screen', async () => {
    const visitor = await Viewer.openLoggedIn(browser, fleet.webPort, options);
    for (const path of PAGES) {
      await visitor.go(path);
      await setTimeout(path === '/' || path === '/traffic' ? 1500 : 800);
      await visitor.picture(`${path.slice(1).replace('/', '-') || 'fleet'}-${look}`);
      expect({ path, barriers: await visitor.barriers() }).toEqual({ path, barriers: [] });
      const tooWide = await visitor.read(`document.documentElement.scrollWidth > window.innerWidth`);
      const cutRows = await visitor.read(
        `[...document.querySelectorAll('.row')].filter((row) => row.scrollWidth > row.clientWidth).length`,
      );
      expect({ path, tooWide, cutRows }).toEqual({ path, tooWide: false, cutRows: 0 });
    }
    expect(visitor.complaints).toEqual([]);
    await visitor.close();
  });
});

describe('when the controller goes away', () => {
  it('what was shown stays, marked as stale; and when it is back the page asks who looks', async () => {
    await viewer.go('/');
    await viewer.page.getByRole('row', { name: /^edge-2/ }).waitFor();
    await fleet.controller.stop();
    await viewer.sees(/^stale for/);
    await viewer.sees(/What you see is as it was/);
    await viewer.page.getByRole('row', { name: /^edge-2/ }).waitFor();
    await viewer.picture('stale');
    await fleet.startController();
    await viewer.page.getByLabel('Token').waitFor();
  });
});
