/**
 * A named namespace joined to the guest's initial one:
 *
 *   initial  <name>h 10.9.<n>.1/24, fd09:<n>::1/64 ──veth── <name>n 10.9.<n>.2/24, fd09:<n>::2/64  <name>
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import { outcomeOf, run } from './command';

export class Namespace {
  private constructor(
    readonly name: string,
    private readonly number: number,
  ) {}

  /** Makes a namespace; `number` (1 to 250) sets its addresses apart. */
  static add(name: string, number: number): Namespace {
    run('ip', 'netns', 'add', name);
    return Namespace.join(name, number);
  }

  /** Of one that has its name already. */
  static join(name: string, number: number): Namespace {
    const namespace = new Namespace(name, number);
    namespace.#join();
    return namespace;
  }

  get inode(): number {
    return statSync(`/run/netns/${this.name}`).ino;
  }

  get address(): string {
    return `10.9.${this.number}.2`;
  }

  get address6(): string {
    return `fd09:${this.number}::2`;
  }

  /** Whether an echo request from the initial namespace is answered. */
  answersPing(address = this.address): boolean {
    return outcomeOf('ping', '-n', '-q', '-c', '1', '-W', '1', address).status === 0;
  }

  /** Sends `count` echo requests without waiting for answers between them. */
  ping(count: number, address = this.address): void {
    outcomeOf('ping', '-n', '-q', '-c', String(count), '-i', '0.01', '-W', '1', address);
  }

  /** Sends echo requests as fast as it can until it is killed. */
  pingInBackground(): ChildProcess {
    return spawn('ping', ['-n', '-q', '-f', this.address], { stdio: 'ignore' });
  }

  /** Whether an echo request from inside reaches the initial namespace and is answered. */
  pingsOut(): boolean {
    return this.exec('ping', '-n', '-q', '-c', '1', '-W', '1', `10.9.${this.number}.1`).status === 0;
  }

  exec(...argv: string[]): { status: number | null; output: string } {
    return outcomeOf('ip', 'netns', 'exec', this.name, ...argv);
  }

  delete(): void {
    run('ip', 'netns', 'delete', this.name);
    outcomeOf('ip', 'link', 'delete', `${this.name}h`);
  }

  #join(): void {
    const { name, number } = this;
    run('ip', 'link', 'add', `${name}h`, 'type', 'veth', 'peer', 'name', `${name}n`, 'netns', name);
    run('ip', 'address', 'add', `10.9.${number}.1/24`, 'dev', `${name}h`);
    run('ip', 'address', 'add', `fd09:${number}::1/64`, 'dev', `${name}h`, 'nodad');
    run('ip', 'link', 'set', `${name}h`, 'up');
    run('ip', '-n', name, 'address', 'add', `10.9.${number}.2/24`, 'dev', `${name}n`);
    run('ip', '-n', name, 'address', 'add', `fd09:${number}::2/64`, 'dev', `${name}n`, 'nodad');
    run('ip', '-n', name, 'link', 'set', 'lo', 'up');
    run('ip', '-n', name, 'link', 'set', `${name}n`, 'up');
  }
}
