/** Sampled packets as they come, by what a filter leaves. */
import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { PacketTail, type TailedPacket } from '../live/packet-tail';
import { useRedraw, useStream } from '../live/use-live';
import type { PacketSample } from '../message-types';
import { FilterBox, matchesWords } from '../parts/filter-box';
import { shortName, whole, word } from '../parts/format';
import { protocolName } from '../parts/protocol-name';
import { Link, useParameter } from '../parts/router';
import { Empty, Failure, Loading, StaleNote, StreamBadge, Tone } from '../parts/state-views';
import { VirtualTable, type Column } from '../parts/virtual-table';

interface PacketMessage {
  sample?: PacketSample;
  lost?: string;
}

const KEPT = 2000;
/** Of what the controller still holds, so that the page does not begin empty. */
const SHOWN_AT_ONCE = 200;
const TONES = { accept: 'good', drop: 'bad', reject: 'bad', count: 'mute' } as const;

const COLUMNS: readonly Column<TailedPacket>[] = [
  {
    title: 'Time',
    width: '7rem',
    wide: true,
    cell: ({ time }) => <time dateTime={time}>{time?.slice(11, 23)}</time>,
  },
  { title: 'Verdict', width: '6.5rem', cell: (packet) => <Verdict packet={packet} /> },
  {
    title: 'Packet',
    width: 'minmax(12rem, 2.5fr)',
    cell: (packet) => <code title={packetText(packet)}>{packetText(packet)}</code>,
  },
  {
    title: 'Host',
    width: 'minmax(5rem, 1fr)',
    wide: true,
    cell: ({ host = '', namespace }) => (
      <>
        <Link to={`/${host}`}>{shortName(host)}</Link> {namespace}
      </>
    ),
  },
  {
    title: 'Rule',
    width: 'minmax(6rem, 1.2fr)',
    wide: true,
    cell: ({ policy = '', ruleId = 'default' }) => (
      <>
        {policy !== '' && <Link to={`/${policy}`}>{shortName(policy)}</Link>} {ruleId}
      </>
    ),
  },
];

export function PacketsPage(): JSX.Element {
  const tail = useMemo(() => new PacketTail(KEPT), []);
  const [words, setWords] = useParameter('filter');
  const [verdict] = useParameter('verdict');
  const [host] = useParameter('host');
  const frozen = useRef<TailedPacket[] | undefined>(undefined);
  const redraw = useRedraw();
  const state = useStream({
    method: 'StatsService/StreamPackets',
    request: packetRequest({ verdict, host }),
    onOpen: () => tail.clear(),
    onMessage: ({ sample, lost }: PacketMessage) => {
      if (sample !== undefined) tail.add(sample);
      tail.lost += Number(lost ?? 0);
      redraw();
    },
  });
  const packets = frozen.current ?? tail.newest();
  const shown = words === '' ? packets : packets.filter((packet) => matchesWords(searchText(packet), words));
  const pause = (paused: boolean): void => {
    frozen.current = paused ? tail.newest() : undefined;
    redraw();
  };
  return (
    <>
      <header class="page-head">
        <h1>Packets</h1>
        <StreamBadge state={state} />
      </header>
      <StaleNote state={state} />
      {state.kind === 'refused' ? (
        <Failure error={state.error} what="Packets" />
      ) : (
        <>
          <Controls onPause={pause} />
          <FilterBox
            label="Filter what is shown"
            value={words}
            onChange={setWords}
            shown={`${whole(shown.length)} packets`}
          />
          {tail.lost > 0 && (
            <p class="stale-note">{whole(tail.lost)} samples were lost on the way and are not shown.</p>
          )}
          {state.kind === 'connecting' && <Loading what="packets" />}
          {state.kind !== 'connecting' && shown.length === 0 && (
            <Empty title="No packet has been sampled">
              Rules and default verdicts with <code>log</code> sample what they match; it appears here as it
              comes.
            </Empty>
          )}
          {shown.length > 0 && (
            <VirtualTable
              label="Packets"
              rows={shown}
              keyOf={({ number }) => String(number)}
              columns={COLUMNS}
            />
          )}
        </>
      )}
    </>
  );
}

function Controls({ onPause }: { onPause: (paused: boolean) => void }): JSX.Element {
  const [paused, setPaused] = useState(false);
  const [verdict, setVerdict] = useParameter('verdict');
  const [host, setHost] = useParameter('host');
  const [typed, setTyped] = useState(host);
  return (
    <form
      class="controls"
      onSubmit={(event) => {
        event.preventDefault();
        setHost(typed.trim());
      }}
    >
      <label>
        Verdict
        <select value={verdict} onChange={(event) => setVerdict(event.currentTarget.value)}>
          <option value="">any</option>
          {['ACCEPT', 'DROP', 'REJECT', 'COUNT'].map((name) => (
            <option value={name} key={name}>
              {name.toLowerCase()}
            </option>
          ))}
        </select>
      </label>
      <label>
        Host
        <input value={typed} placeholder="any" onInput={(event) => setTyped(event.currentTarget.value)} />
      </label>
      <button type="submit" class="quiet">
        Apply
      </button>
      <button
        type="button"
        aria-pressed={paused}
        onClick={() => {
          setPaused(!paused);
          onPause(!paused);
        }}
      >
        {paused ? 'Follow' : 'Pause'}
      </button>
    </form>
  );
}

function packetRequest({ verdict, host }: { verdict: string; host: string }): object {
  return {
    filter: host === '' ? {} : { hosts: [`hosts/${host}`] },
    verdicts: verdict === '' ? [] : [`ACTION_${verdict}`],
    follow: true,
    last: SHOWN_AT_ONCE,
  };
}

function Verdict({ packet: { verdict, shadow = false } }: { packet: PacketSample }): JSX.Element {
  const text = word(verdict, 'ACTION_') as keyof typeof TONES;
  return <Tone tone={shadow ? 'mute' : TONES[text]}>{shadow ? `shadow ${text}` : text}</Tone>;
}

/** `tcp 192.0.2.1:40000 → 192.0.2.2:22, input, 60 B`. */
function packetText(packet: PacketSample): string {
  const {
    source = '',
    destination = '',
    sourcePort,
    destinationPort,
    protocol = 0,
    hook,
    length = 0,
  } = packet;
  const at = (address: string, port: number | undefined): string =>
    port === undefined ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  const way = `${at(source, sourcePort)} → ${at(destination, destinationPort)}`;
  return `${protocolName(protocol)} ${way}, ${word(hook, 'HOOK_')}, ${length} B`;
}

function searchText(packet: PacketSample): string {
  const { host, namespace, policy, ruleId, verdict } = packet;
  return [packetText(packet), host, namespace, policy, ruleId, verdict].join(' ');
}
