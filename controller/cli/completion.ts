/**
 * Completion for shells. Their scripts hand the words of the line to `nsgate complete`, which answers with what the last of them may
 * become, one a line, or with `:files`; so all shells complete the same, by the commands as they are.
 */
import type { Argument, Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What the last word may become. */
export type Completion =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'files' }
  /** Names that the controller knows; `host`: of the namespaces. */
  | { readonly kind: 'names'; readonly of: NameKind; readonly host?: string };

export type NameKind = 'policies' | 'sets' | 'hosts' | 'namespaces' | 'resources';

/** By the names of arguments and of the values of options. */
const NAMES: ReadonlyMap<string, NameKind> = new Map([
  ['policy', 'policies'],
  ['set', 'sets'],
  ['host', 'hosts'],
  ['namespace', 'namespaces'],
  ['name', 'resources'],
]);
const FILES: ReadonlySet<string> = new Set(['file', 'path']);

const NOTHING: Completion = { kind: 'words', words: [] };

/** The line so far: the command that it names, its arguments, and the option whose value the last word is. */
interface Line {
  readonly command: Command;
  readonly given: readonly string[];
  readonly valueOf: Option | undefined;
}

/** `words`: those behind `nsgate`, of which the last is being written. */
export function complete(program: Command, words: readonly string[]): Completion {
  const { command, given, valueOf } = readLine(program, words.slice(0, -1));
  if (valueOf !== undefined) return completeOption(valueOf);
  if (words.at(-1)?.startsWith('-') === true) {
    const options = [...command.options, ...(command === program ? [] : program.options)];
    return { kind: 'words', words: [...options.flatMap(({ long }) => long ?? []), '--help'] };
  }
  if (command.commands.length > 0) {
    const visible = command.createHelp().visibleCommands(command);
    return { kind: 'words', words: visible.map((one) => one.name()) };
  }
  return completeArgument(command, given);
}

/** Options of the program itself, as they stand in the line: the names are to be asked where they say. */
export function globalOptions(program: Command, words: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const [i, word] of words.entries()) {
    const option = program.options.find(({ long }) => long === word);
    const value = words[i + 1];
    if (option !== undefined && value !== undefined) found.set(option.attributeName(), value);
  }
  return found;
}

function readLine(program: Command, words: readonly string[]): Line {
  let command = program;
  let valueOf: Option | undefined;
  const given: string[] = [];
  for (const word of words) {
    if (valueOf !== undefined) {
      valueOf = undefined;
    } else if (word.startsWith('-')) {
      const option = [...command.options, ...program.options].find(
        ({ long, short }) => word === long || word === short,
      );
      valueOf = option?.required === true ? option : undefined;
    } else {
      const next = command.commands.find((one) => one.name() === word);
      if (next === undefined) given.push(word);
      else command = next;
    }
  }
  return { command, given, valueOf };
}

function completeOption({ argChoices, flags, long }: Option): Completion {
  if (argChoices !== undefined) return { kind: 'words', words: argChoices };
  const value = /<([a-z]+)/.exec(flags)?.[1] ?? '';
  if (FILES.has(value) || long === '--socket') return { kind: 'files' };
  return namesFor((long ?? '').slice(2));
}

function completeArgument(command: Command, given: readonly string[]): Completion {
  const known = command.registeredArguments;
  const last = known.at(-1);
  const argument: Argument | undefined = known[given.length] ?? (last?.variadic === true ? last : undefined);
  if (argument === undefined) return NOTHING;
  if (argument.argChoices !== undefined) return { kind: 'words', words: argument.argChoices };
  if (command.name() === 'get') return namesFor((given[0] ?? '').replace(/ies$/, 'y').replace(/s$/, ''));
  return namesFor(argument.name(), given[0]);
}

function namesFor(what: string, host?: string): Completion {
  const of = NAMES.get(what);
  if (of === undefined) return NOTHING;
  return { kind: 'names', of, ...(of === 'namespaces' && host !== undefined && { host }) };
}

/** A script for the shell to source. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_nsgate() {
  local IFS=$'\\n'
  COMPREPLY=($(nsgate complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  if [[ \${COMPREPLY[0]-} == :files ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
  fi
}
complete -F _nsgate nsgate
`,
  zsh: `#compdef nsgate
_nsgate() {
  local -a found
  found=(\${(f)"$(nsgate complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if [[ \${found[1]-} == :files ]]; then
    _files
  else
    compadd -- $found
  fi
}
if (( ! $+functions[compdef] )); then
  autoload -Uz compinit && compinit
fi
compdef _nsgate nsgate
`,
  fish: `function __nsgate_complete
  set -l words (commandline -opc)
  set -l found (nsgate complete -- $words[2..-1] (commandline -ct) 2>/dev/null)
  if test "$found" = :files
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $found
  end
end
complete -c nsgate -f -a '(__nsgate_complete)'
`,
};
