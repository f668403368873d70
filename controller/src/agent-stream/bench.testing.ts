/** The agents' side of a controller over a real store in a folder of its own, for tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { ruleKey, Tier, type AgentPolicy } from '@nsgate/proto';
import { pino } from 'pino';
import type { HostRecord, HostRecords } from '../host-registry/host-records';
import { HostRegistry } from '../host-registry/host-registry';
import type { HostDescription } from '../model/host';
import { parsePrefix } from '../model/ip-prefix';
import { ANY_PACKET } from '../model/match';
import { packPrefixes, type PackedPrefixes } from '../model/packed-prefixes';
import type { PolicySpec, Rule } from '../model/policy';
import type { HostSelector } from '../model/selector';
import { SqlitePolicyStore } from '../policy-store/sqlite-policy-store';
import { CounterLedger } from '../stats/counter-ledger';
import { PacketLog } from '../stats/packet-log';
import { RuleDirectory } from '../stats/rule-directory';
import { AgentHub } from './agent-hub';
import type { SessionLimits } from './agent-session';
import { FakeAgent } from './fake-agent.testing';

/** A priority at which the fake agents find a policy invalid. */
export const POISON = 13;
/** Policy.priority of a policy of the default tier that a host holds. */
export function ownPriority(policy: AgentPolicy | undefined): number | undefined {
  return policy && policy.priority - Tier.TIER_DEFAULT * 10_000;
}

const NOTE = { author: 'operator/test', reason: '' };

class FakeHostRecords implements HostRecords {
  readonly saved = new Map<string, HostRecord>();
  load(): HostRecord[] {
    return [...this.saved.values()];
  }
  save(record: HostRecord): void {
    this.saved.set(record.id, record);
  }
  remove(id: string): void {
    this.saved.delete(id);
  }
  close(): void {
    // Nothing is open.
  }
}

export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), 'nsgate-hub-'));
  readonly records = new FakeHostRecords();
  store!: SqlitePolicyStore;
  registry!: HostRegistry;
  ledger!: CounterLedger;
  hub!: AgentHub;
  rules!: RuleDirectory;
  readonly packets = new PacketLog();

  async start(limits?: SessionLimits): Promise<this> {
    this.store = new SqlitePolicyStore({ folder: this.folder });
    this.registry = new HostRegistry(this.records);
    const rules = new RuleDirectory(ruleKey);
    this.rules = rules;
    this.ledger = new CounterLedger({ rules, onOddity: () => undefined });
    this.hub = new AgentHub({
      store: this.store,
      registry: this.registry,
      ledger: this.ledger,
      packets: this.packets,
      rules,
      logger: pino({ level: 'silent' }),
      version: '0.0.0',
      onPolicy: (_name, policy) => policy && rules.put(policy),
      ...(limits && { limits }),
    });
    await this.hub.start();
    return this;
  }

  async stop(): Promise<void> {
    this.hub.stop();
    await this.store.close();
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }

  agent(id = 'h1', room = 16): FakeAgent {
    return new FakeAgent({
      hub: this.hub,
      description: host(id),
      room,
      refuses: (policy) => ownPriority(policy) === POISON,
    });
  }

  async write(id: string, fields: Partial<PolicySpec> = {}): Promise<bigint> {
    const current = await this.store.get(`policies/${id}`);
    const result = await this.store.put({
      policy: { ...spec(id), ...fields, uid: `u-${id}`, createTime: new Date(0), updateTime: new Date(0) },
      expect: current ? { kind: 'revision', revision: current.revision } : { kind: 'absent' },
      note: NOTE,
    });
    if (result.outcome !== 'stored') throw new Error(result.outcome);
    return result.policy.revision;
  }

  /** Adds and takes members, making the set when there is none. */
  async changeSet(
    id: string,
    { add = [], remove = [] }: { add?: string[]; remove?: string[] },
  ): Promise<void> {
    const sets = this.store.addressSets;
    const name = `addressSets/${id}`;
    if ((await sets.get(name)) === undefined) {
      const set = {
        name,
        uid: `u-${id}-${Math.random()}`,
        description: '',
        labels: new Map<string, string>(),
      };
      await sets.create({ set, members: packed(add), note: NOTE });
      return;
    }
    await sets.change({ name, revision: undefined, add: packed(add), remove: packed(remove), note: NOTE });
  }

  async remove(id: string): Promise<void> {
    const current = await this.store.get(`policies/${id}`);
    if (current) await this.store.remove({ name: current.name, revision: current.revision, note: NOTE });
  }
}

function packed(texts: readonly string[]): PackedPrefixes {
  return packPrefixes(
    texts.map((text) => {
      const parsed = parsePrefix(text);
      if (!parsed.ok) throw new Error(parsed.problem);
      return parsed.prefix;
    }),
  );
}

/** A rule that refers to sets. */
export function ruleNaming(...sourceSets: string[]): Rule {
  return {
    id: 'r',
    comment: '',
    hook: 'input',
    action: { kind: 'accept' },
    match: { ...ANY_PACKET, sourceSets: sourceSets.map((id) => `addressSets/${id}`) },
  };
}

function host(id: string): HostDescription {
  return {
    id,
    labels: new Map(),
    agentVersion: '1',
    moduleVersion: '1',
    kernelRelease: '6.1',
    bootId: 'b',
  };
}

function spec(id: string): PolicySpec {
  return {
    name: `policies/${id}`,
    description: '',
    labels: new Map(),
    hostSelector: { requirements: [] },
    namespaces: { include: ['*'], exclude: [] },
    tier: 'default',
    priority: 0,
    rules: [],
    defaultVerdicts: [],
  };
}

export const onlyRole = (value: string): HostSelector => ({
  requirements: [{ operator: 'equals', key: 'role', value }],
});

/** Lets the store's watch and the pump do what is due. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 8; i++) await setImmediate();
}

/** Lets the agents read and answer until nothing more is said. */
export async function answerAll(...agents: FakeAgent[]): Promise<void> {
  let said = -1;
  for (let now = 0; now !== said;) {
    await settle();
    for (const agent of agents) while (agent.isConnected && agent.owesAnswers) agent.answer(0);
    await settle();
    said = now;
    now = agents.reduce((sum, { call }) => sum + (call?.written.length ?? 0), 0);
  }
}
