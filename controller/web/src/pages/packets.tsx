/** Sampled packets as they come, by what a filter leaves. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import {
  filterFrom,
  packetRequest,
  problemsIn,
  problemsOf,
  type PacketFilter,
  type Problems,
} from '../live/packet-filter';
import { PacketTail, type TailedPacket } from '../live/packet-tail';
import { useRedraw, useStream } from '../live/use-live';
import type { PacketSample } from '../message-types';
import { counted, shortName, whole } from '../parts/format';
import { PacketDetails } from '../parts/packet-details';
import { PacketFilterForm } from '../parts/packet-filter-form';
import { packetText, wayText } from '../parts/packet-text';
import { Link, useAddress } from '../parts/router';
import { useKey } from '../parts/shortcuts';
import { Empty, Failure, Loading, StaleNote, StreamBadge } from '../parts/state-views';
import { Verdict } from '../parts/verdict';
import { VirtualTable, type Column } from '../parts/virtual-table';

interface PacketMessage {
  sample?: PacketSample;
  lost?: string;
}

const KEPT = 2000;
/** Of what the controller still holds, so that the page does not begin empty. */
const SHOWN_AT_ONCE = 200;

export function PacketsPage(): JSX.Element {
  const filter = filterFrom(useAddress().searchParams);
  const [refused, setRefused] = useState<Problems>({});
  const own = problemsOf(filter);
  const isAsked = Object.keys(own).length === 0;
  return (
    <>
      <header class="page-head">
        <h1>Packets</h1>
      </header>
      <PacketFilterForm filter={filter} problems={{ ...refused, ...own }} />
      {isAsked && <PacketStream key={JSON.stringify(filter)} filter={filter} onProblems={setRefused} />}
    </>
  );
}

interface PacketStreamProps {
  readonly filter: PacketFilter;
  /** Told what the controller finds wrong with the filter. */
  readonly onProblems: (problems: Problems) => void;
}

function PacketStream({ filter, onProblems }: PacketStreamProps): JSX.Element {
  const tail = useMemo(() => new PacketTail(KEPT), []);
  const [opened, setOpened] = useState<TailedPacket>();
  const redraw = useRedraw();
  const state = useStream({
    method: 'StatsService/StreamPackets',
    request: packetRequest(filter, SHOWN_AT_ONCE),
    onOpen: () => tail.clear(),
    onMessage: ({ sample, lost }: PacketMessage) => {
      if (sample !== undefined) tail.add(sample);
      tail.addLost(Number(lost ?? 0));
      redraw();
    },
  });
  const pause = (paused: boolean): void => {
    if (paused) tail.pause();
    else tail.follow();
    redraw();
  };
  const open = (packet: TailedPacket): void => {
    setOpened(packet);
    pause(true);
  };
  useKey('p', () => pause(!tail.isPaused));
  useEffect(() => onProblems(state.kind === 'refused' ? problemsIn(state.error.violations) : {}), [state]);
  if (state.kind === 'refused') return <Failure error={state.error} what="Packets" />;
  return (
    <>
      <StaleNote state={state} />
      {state.kind === 'connecting' && <Loading what="packets" />}
      <div class="follow">
        <button type="button" aria-pressed={tail.isPaused} onClick={() => pause(!tail.isPaused)}>
          {tail.isPaused ? 'Follow' : 'Pause'}
        </button>
        <TailCount tail={tail} />
        <StreamBadge state={state} />
      </div>
      {opened !== undefined && <PacketDetails packet={opened} onClose={() => setOpened(undefined)} />}
      <Packets packets={tail.shown()} isReady={state.kind === 'live'} onOpen={open} />
    </>
  );
}

function TailCount({ tail }: { tail: PacketTail }): JSX.Element {
  return (
    <p role="status" aria-live="off">
      {counted(tail.shown().length, 'packet')}
      {tail.isPaused && `, ${whole(tail.waiting)} more since the pause`}
      {tail.lost > 0 && <b class="lost"> {whole(tail.lost)} samples were lost on the way</b>}
    </p>
  );
}

interface PacketsProps {
  readonly packets: readonly TailedPacket[];
  readonly isReady: boolean;
  readonly onOpen: (packet: TailedPacket) => void;
}

function Packets({ packets, isReady, onOpen }: PacketsProps): JSX.Element | null {
  const columns = useMemo(() => columnsWith(onOpen), []);
  if (packets.length > 0) {
    return (
      <VirtualTable label="Packets" rows={packets} keyOf={({ number }) => String(number)} columns={columns} />
    );
  }
  if (!isReady) return null;
  return (
    <Empty title="No packet that fits has been sampled">
      Rules and default verdicts with <code>log</code> sample what they match; it appears here as it comes.
    </Empty>
  );
}

function columnsWith(onOpen: (packet: TailedPacket) => void): readonly Column<TailedPacket>[] {
  return [
    {
      title: 'Time',
      width: '7rem',
      wide: true,
      cell: ({ time }) => <time dateTime={time}>{time?.slice(11, 23)}</time>,
    },
    {
      title: 'Verdict',
      width: '6.5rem',
      cell: ({ verdict, shadow }) => <Verdict verdict={verdict} shadow={shadow} />,
    },
    {
      title: 'Packet',
      width: 'minmax(12rem, 3fr)',
      cell: (packet) => (
        <button
          type="button"
          class="plain"
          title={`Details of ${packetText(packet)}`}
          onClick={() => onOpen(packet)}
        >
          <code>{packetText(packet)}</code>
        </button>
      ),
    },
    { title: 'Hook', width: 'minmax(6rem, 1.1fr)', wide: true, cell: wayText },
    { title: 'Bytes', width: '4rem', wide: true, number: true, cell: ({ length }) => whole(length) },
    {
      title: 'Namespace',
      width: 'minmax(7rem, 1.1fr)',
      wide: true,
      cell: ({ host = '', namespace }) => (
        <>
          {namespace} <span class="mute">on</span> <Link to={`/${host}`}>{shortName(host)}</Link>
        </>
      ),
    },
    {
      title: 'Rule',
      width: 'minmax(7rem, 1.5fr)',
      wide: true,
      cell: ({ policy = '', ruleId = 'default verdict' }) => (
        <>
          {ruleId} <span class="mute">of</span>{' '}
          {policy !== '' && <Link to={`/${policy}`}>{shortName(policy)}</Link>}
        </>
      ),
    },
  ];
}
