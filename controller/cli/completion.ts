/** Completion for shells, made of the commands as they are. Names of policies, sets and hosts are asked of the controller. */
import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Which list completes the first argument of a command. */
const NAMES: Readonly<Record<string, string>> = {
  describe: 'policies',
  delete: 'policies',
  edit: 'policies',
  diff: 'policies',
  history: 'policies',
  rollback: 'policies',
  wait: 'policies',
  status: 'policies',
  hosts: 'hosts',
  label: 'hosts',
  namespaces: 'hosts',
  explain: 'hosts',
};

/** A script for the shell to source. */
export function completionScript(program: Command, shell: Shell): string {
  if (shell === 'fish') return fishScript(program);
  const bash = bashScript(program);
  return shell === 'bash'
    ? bash
    : `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bash}`;
}

function bashScript(program: Command): string {
  const cases = program.commands.map((command) => {
    const names = NAMES[command.name()];
    const words = [
      ...optionsOf(command),
      ...command.commands.map((one) => one.name()),
      ...choicesOf(command),
    ].join(' ');
    const dynamic = names === undefined ? '' : ` $(nsgate get ${names} -o name 2>/dev/null)`;
    return `    ${command.name()}) words="${words}${dynamic}" ;;`;
  });
  return `_nsgate() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command="" word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
    ${program.commands.map((command) => command.name()).join(' | ')}) command="$word"; break ;;
    esac
  done
  case "$command" in
${cases.join('\n')}
    *) words="${[...program.commands.map((command) => command.name()), ...optionsOf(program)].join(' ')}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
    -f | --file | --socket | --tls-ca | --tls-cert | --tls-key | --config) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -F _nsgate nsgate
`;
}

function fishScript(program: Command): string {
  const lines = program.commands.flatMap((command) => {
    const name = command.name();
    const within = `-n '__fish_seen_subcommand_from ${name}'`;
    const names = NAMES[name];
    return [
      `complete -c nsgate -f -n __fish_use_subcommand -a ${name} -d ${quoted(command.description())}`,
      ...command.options.map(
        ({ long, description }) =>
          `complete -c nsgate ${within} -l ${(long ?? '').slice(2)} -d ${quoted(description)}`,
      ),
      ...choicesOf(command).map((choice) => `complete -c nsgate -f ${within} -a ${choice}`),
      ...(names === undefined
        ? []
        : [`complete -c nsgate -f ${within} -a '(nsgate get ${names} -o name 2>/dev/null)'`]),
    ];
  });
  return `${lines.join('\n')}\n`;
}

function optionsOf(command: Command): string[] {
  return command.options.flatMap(({ long }) => (typeof long === 'string' ? [long] : []));
}

function choicesOf(command: Command): string[] {
  return command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "\\'")}'`;
}
