import { execFileSync } from 'node:child_process';
import type { Command } from 'commander';
import { commandLine } from './command-line';
import { complete, completionScript, globalOptions, SHELLS, type Completion } from './completion';

const program: Command = commandLine(() => Promise.resolve());
const of = (line: string): Completion => complete(program, line.split(' '));
const words = (line: string): readonly string[] => {
  const completion = of(line);
  return completion.kind === 'words' ? completion.words : [`(${completion.kind})`];
};

describe('completion', () => {
  it.each([
    ['', ['apply', 'get', 'set', 'completion']],
    ['set ', ['add', 'remove']],
    ['get ', ['policies', 'sets', 'hosts', 'namespaces', 'realizations']],
    ['get hosts -o ', ['table', 'json', 'yaml', 'name']],
    ['explain web ns1 --hook ', ['input', 'output']],
    ['apply --', ['--file', '--dry-run', '--socket', '--help']],
    ['--socket apply ', ['apply', 'get']],
    ['completion ', [...SHELLS]],
  ])('of "%s" offers %j', (line, expected) => {
    expect(words(line)).toEqual(expect.arrayContaining([...expected]));
  });

  it.each<[string, Completion]>([
    ['history ', { kind: 'names', of: 'resources' }],
    ['wait one ', { kind: 'names', of: 'policies' }],
    ['get sets ', { kind: 'names', of: 'sets' }],
    ['get policies ', { kind: 'names', of: 'policies' }],
    ['set add ', { kind: 'names', of: 'sets' }],
    ['explain web ', { kind: 'names', of: 'namespaces', host: 'web' }],
    ['get realizations --host ', { kind: 'names', of: 'hosts' }],
    ['apply -f ', { kind: 'files' }],
    ['--tls-ca ', { kind: 'files' }],
    ['--socket ', { kind: 'files' }],
    ['history web ', { kind: 'words', words: [] }],
  ])('of "%s" asks for %j', (line, expected) => expect(of(line)).toEqual(expected));

  it('does not offer what is for scripts', () => expect(words('')).not.toContain('complete'));

  it('asks the controller that the line names', () => {
    expect([...globalOptions(program, ['--socket', '/a', 'history', '--context', 'lab', ''])]).toEqual([
      ['socket', '/a'],
      ['context', 'lab'],
    ]);
  });

  it('hands the words of the line from bash to the program, and takes its answer', () => {
    const program =
      'nsgate() { [[ "$1 $2 $3 $4" == "complete -- get po" ]] && printf "policies\\npower\\n"; }';
    const line = 'COMP_WORDS=(nsgate get po); COMP_CWORD=2; _nsgate; echo "${COMPREPLY[*]}"';
    const script = `${program}\n${completionScript('bash')}\n${line}`;
    expect(execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8' })).toBe('policies power\n');
  });

  it('leaves files to bash', () => {
    const line = 'COMP_WORDS=(nsgate apply -f /etc/passw); COMP_CWORD=3; _nsgate; echo "${COMPREPLY[*]}"';
    const script = `nsgate() { echo :files; }\n${completionScript('bash')}\n${line}`;
    expect(execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8' })).toContain('/etc/passwd');
  });
});
