/** What stands around every page: the way to the others, keys, colours, who looks. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ExplainPage } from './pages/explain';
import { FleetPage } from './pages/fleet';
import { HostPage } from './pages/host';
import { PacketsPage } from './pages/packets';
import { PoliciesPage } from './pages/policies';
import { PolicyPage } from './pages/policy';
import { TrafficPage } from './pages/traffic';
import { Link, useAddress } from './parts/router';
import { Shortcuts, type Place } from './parts/shortcuts';
import { Empty } from './parts/state-views';
import { ThemeToggle } from './parts/theme';

const PLACES: readonly Place[] = [
  { path: '/', title: 'Fleet', key: 'f' },
  { path: '/traffic', title: 'Traffic', key: 't' },
  { path: '/policies', title: 'Policies', key: 'p' },
  { path: '/packets', title: 'Packets', key: 'k' },
  { path: '/explain', title: 'Explain', key: 'e' },
];

export function Shell(): JSX.Element {
  const { pathname } = useAddress();
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = `${titleOf(pathname)} · nsgate`;
  }, [pathname]);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to content
      </a>
      <header class="top">
        <span class="brand">nsgate</span>
        <nav aria-label="Pages">
          {PLACES.map(({ path, title }) => (
            <Link key={path} to={path} current={isWithin(pathname, path)}>
              {title}
            </Link>
          ))}
        </nav>
        <div class="top-end">
          <ViewerName />
          <Shortcuts places={PLACES} />
          <ThemeToggle />
        </div>
      </header>
      <main id="main" tabIndex={-1} ref={main} key={pathname}>
        <Page path={pathname} />
      </main>
    </>
  );
}

function isWithin(pathname: string, place: string): boolean {
  if (place === '/') return pathname === '/' || pathname.startsWith('/hosts/');
  return pathname === place || pathname.startsWith(`${place}/`);
}

function titleOf(pathname: string): string {
  const [, , last] = pathname.split('/');
  return last ?? PLACES.find(({ path }) => path === pathname)?.title ?? 'Not found';
}

function Page({ path }: { path: string }): JSX.Element {
  const [, host] = /^\/hosts\/([^/]+)$/.exec(path) ?? [];
  if (host !== undefined) return <HostPage hostId={decodeURIComponent(host)} />;
  const [, policy] = /^\/policies\/([^/]+)$/.exec(path) ?? [];
  if (policy !== undefined) return <PolicyPage policyId={decodeURIComponent(policy)} />;
  switch (path) {
    case '/':
      return <FleetPage />;
    case '/traffic':
      return <TrafficPage />;
    case '/policies':
      return <PoliciesPage />;
    case '/packets':
      return <PacketsPage />;
    case '/explain':
      return <ExplainPage />;
    default:
      return <Empty title="There is no such page">The places that there are stand above.</Empty>;
  }
}

interface Session {
  readonly viewer: { readonly how: 'certificate' | 'token'; readonly name: string };
}

function ViewerName(): JSX.Element | null {
  const [session, setSession] = useState<Session>();
  useEffect(() => {
    fetch('/api/session')
      .then((response) => (response.ok ? (response.json() as Promise<Session>) : undefined))
      .then(setSession)
      // Whether the controller is there is told by the page's streams.
      .catch(() => undefined);
  }, []);
  if (session === undefined) return null;
  if (session.viewer.how === 'certificate') return <span class="viewer">{session.viewer.name}</span>;
  return (
    <form method="post" action="/logout">
      <button type="submit" class="quiet">
        Log out
      </button>
    </form>
  );
}
