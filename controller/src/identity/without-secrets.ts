/** Takes secrets out of what is shown to people, such as a command line that is wrong. */

/** Static tokens, tokens of enrolment (a `.` ends no sentence in them), and JWTs. */
const SECRETS: readonly (readonly [what: RegExp, shown: string])[] = [
  [/nsgt_[A-Za-z0-9_-]+/g, 'nsgt_…'],
  [/nsge1\.[A-Za-z0-9._-]+/g, 'nsge1.…'],
  [/eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, 'eyJ…'],
];

/** The text, with a mark where each stood. */
export function withoutSecrets(text: string): string {
  return SECRETS.reduce((rest, [what, shown]) => rest.replace(what, shown), text);
}
