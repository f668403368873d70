/** Somebody in front of Debian's Chromium. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { TOKEN } from '../../../controller/src/web/web-bench.testing';

/** Where pictures go that are not for the README. */
const PICTURES = join(__dirname, '../../../.cache/web-pictures');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

export function openBrowser(): Promise<Browser> {
  // Root has no sandbox to put it in.
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
}

export interface ViewerOptions extends BrowserContextOptions {
  /** How long it waits for what is to appear. */
  readonly patienceMs?: number;
}

export class Viewer {
  /** What the page complained of: errors, and what its content security policy has stopped. */
  readonly complaints: string[] = [];

  private constructor(
    readonly page: Page,
    private readonly origin: string,
  ) {
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      // A refused answer and a lost connection are told here, too; pages tell them in their own words.
      if (message.type() === 'error' && !message.text().includes('Failed to load resource')) {
        this.complaints.push(message.text());
      }
    });
  }

  static async open(browser: Browser, port: number, options: ViewerOptions = {}): Promise<Viewer> {
    const { patienceMs = 20_000, ...look } = options;
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      ignoreHTTPSErrors: true,
      ...look,
    });
    context.setDefaultTimeout(patienceMs);
    return new Viewer(await context.newPage(), `https://127.0.0.1:${port}`);
  }

  static async openLoggedIn(browser: Browser, port: number, options: ViewerOptions = {}): Promise<Viewer> {
    const viewer = await Viewer.open(browser, port, options);
    await viewer.go('/');
    await viewer.logIn();
    return viewer;
  }

  async go(path: string): Promise<void> {
    await this.page.goto(this.origin + path);
  }

  async logIn(token = TOKEN): Promise<void> {
    await this.page.getByLabel('Token').fill(token);
    await this.page.getByRole('button', { name: 'Log in' }).click();
  }

  /** What the expression gives in the page: text, since tests have no document. */
  read(expression: string): Promise<unknown> {
    return this.page.evaluate(expression);
  }

  /** What comes over the network meanwhile, headers and all, as far as it has come; nothing is taken out of a cache. */
  async bytesOf(action: () => Promise<void>): Promise<number> {
    const network = await this.page.context().newCDPSession(this.page);
    let bytes = 0;
    network.on('Network.dataReceived', ({ encodedDataLength }) => (bytes += encodedDataLength));
    network.on('Network.responseReceived', ({ response }) => (bytes += response.encodedDataLength));
    await network.send('Network.enable');
    await network.send('Network.setCacheDisabled', { cacheDisabled: true });
    await action();
    await network.detach();
    return bytes;
  }

  /** Waits until the text is there. */
  async sees(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }

  async picture(name: string, folder = PICTURES): Promise<void> {
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  /** What axe-core finds serious or critical (WCAG 2.2 AA and its best practices), each with the elements. */
  async barriers(): Promise<string[]> {
    await this.page.evaluate(AXE);
    return this.page.evaluate(async () => {
      interface Finding {
        id: string;
        impact: string;
        nodes: { html: string; failureSummary: string }[];
      }
      const { axe } = globalThis as unknown as { axe: { run: () => Promise<{ violations: Finding[] }> } };
      const { violations } = await axe.run();
      return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .flatMap(({ id, nodes }) =>
          nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`),
        );
    });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
