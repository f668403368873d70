/** Everything that is known of one sampled packet. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { PacketSample } from '../message-types';
import { bytes, shortName, whole, word } from './format';
import { explainAddress, flagsText, packetText, wayText } from './packet-text';
import { Link } from './router';
import { Verdict } from './verdict';

export interface PacketDetailsProps {
  readonly packet: PacketSample;
  readonly onClose: () => void;
}

export function PacketDetails({ packet, onClose }: PacketDetailsProps): JSX.Element {
  const place = useRef<HTMLElement>(null);
  useEffect(() => place.current?.focus(), [packet]);
  const { policy = '', host = '' } = packet;
  const facts: (readonly [title: string, value: ComponentChildren])[] = [
    ['Seen (UTC)', packet.time?.replace('T', ' ').replace('Z', '')],
    ['Host', <Link to={`/${host}`}>{shortName(host)}</Link>],
    ['Namespace', packet.namespace],
    ['Hook', wayText(packet)],
    ['Rule', packet.defaultVerdict === true ? 'default verdict' : packet.ruleId],
    ['Policy', policy === '' ? undefined : <Link to={`/${policy}`}>{shortName(policy)}</Link>],
    ['Length', bytes(packet.length)],
    ['TCP flags', flagsText(packet)],
    ['ICMP', icmpText(packet)],
    ['Connection', word(packet.state, 'CONNECTION_STATE_')],
    ['Mark', packet.mark === undefined ? undefined : `0x${packet.mark.toString(16)}`],
    [
      'Of note',
      [packet.fragment && 'a later fragment', packet.malformed && 'malformed'].filter(Boolean).join(', '),
    ],
    [
      'Not sampled before it',
      packet.suppressed === undefined ? undefined : `${whole(packet.suppressed)} of the rule`,
    ],
  ];
  return (
    <section
      class="card details"
      aria-label="Packet"
      tabIndex={-1}
      ref={place}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
    >
      <header>
        <h2>
          <Verdict verdict={packet.verdict} shadow={packet.shadow} /> <code>{packetText(packet)}</code>
        </h2>
        <button type="button" class="quiet" onClick={onClose}>
          Close
        </button>
      </header>
      <dl class="facts">
        {facts
          .filter(([, value]) => value !== undefined && value !== '')
          .map(([title, value]) => (
            <div key={title}>
              <dt>{title}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      <Link to={explainAddress(packet)}>Explain: what becomes of such a packet now?</Link>
    </section>
  );
}

function icmpText({ protocol, icmpType = 0, icmpCode = 0 }: PacketSample): string | undefined {
  return protocol === 1 || protocol === 58 ? `type ${icmpType}, code ${icmpCode}` : undefined;
}
