/**
 * Takes the README's pictures of the web page anew: `npm run pictures [folder]`. What they show is real: a controller of this checkout, behind
 * it a virtual machine with the module and the agent, with traffic for three minutes.
 */
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { buildController } from '../../controller/src/controller-process.testing';
import { Fleet } from './harness/fleet';
import { COUNTED_PORT, DNS_GUARD, TRACKING, WEB_FRONT } from './harness/policies';
import { openBrowser, PHONE, Viewer, type ViewerOptions } from './harness/viewer';

const ROOT = resolve(__dirname, '../..');
const NAMESPACES = ['tenant-a', 'tenant-b', 'tenant-c', 'tenant-d', 'tenant-e', 'tenant-f'];
const START_MS = 240_000;
const TRAFFIC_MS = 180_000;
/** Within so long pages have their numbers. */
const SETTLE_MS = 8000;

interface Picture {
  readonly name: string;
  readonly path: string;
  readonly look: ViewerOptions;
  /** Done before it is taken. */
  readonly prepare?: (viewer: Viewer) => Promise<void>;
}

const LIGHT: ViewerOptions = { viewport: { width: 1280, height: 860 }, colorScheme: 'light' };
const DARK: ViewerOptions = { ...LIGHT, colorScheme: 'dark' };

const PICTURES: readonly Picture[] = [
  { name: 'fleet-light', path: '/', look: LIGHT },
  { name: 'traffic-dark', path: '/traffic', look: DARK },
  { name: 'policy-light', path: '/policies/web-front', look: LIGHT },
  {
    name: 'packets-dark',
    path: '/packets?verdict=drop,reject',
    look: DARK,
    prepare: (viewer) => viewer.page.getByTitle('Details').first().click(),
  },
  { name: 'traffic-phone', path: '/traffic', look: PHONE },
];

const FOLDER = resolve(process.argv[2] ?? join(ROOT, 'docs/images'));

async function take(browser: Browser, port: number, { name, path, look, prepare }: Picture): Promise<void> {
  const viewer = await Viewer.openLoggedIn(browser, port, look);
  await viewer.go(path);
  await setTimeout(SETTLE_MS);
  await prepare?.(viewer);
  await viewer.picture(name, FOLDER);
  await viewer.close();
}

async function main(): Promise<void> {
  buildController();
  execFileSync(process.execPath, [join(ROOT, 'controller/build-web.mjs')]);
  const fleet = new Fleet();
  await fleet.start();
  for (const policy of [WEB_FRONT, DNS_GUARD, TRACKING]) await fleet.addPolicy(policy);
  const host = await fleet.bootHost('edge-1', NAMESPACES, true);
  const browser = await openBrowser();
  try {
    // Who watches has hosts report every second.
    const watcher = await Viewer.openLoggedIn(browser, fleet.webPort);
    await watcher.page.getByRole('row', { name: /^edge-1 enforced/ }).waitFor({ timeout: START_MS });
    await setTimeout(TRAFFIC_MS);
    await host.send({ to: 'tenant-b', family: 6, port: COUNTED_PORT, count: 42 });
    for (const picture of PICTURES) await take(browser, fleet.webPort, picture);
    await watcher.close();
  } finally {
    await browser.close();
    await host.stop();
    await fleet.stop();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`pictures: ${(error as Error).stack ?? ''}\n`);
    process.exit(1);
  },
);
