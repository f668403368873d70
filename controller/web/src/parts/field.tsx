/** One field of a form: its label, what it takes, and what is wrong with it. */
import type { JSX } from 'preact';

export interface FieldSpec {
  /** As violations of the API name it, and as it stands in the page's address. */
  readonly name: string;
  readonly label: string;
  readonly placeholder?: string;
  readonly choices?: readonly (readonly [value: string, text: string])[];
  readonly isNumber?: boolean;
  /** Takes more than a word. */
  readonly isWide?: boolean;
  /** Id of a datalist. */
  readonly list?: string;
  /** Where the key `/` leads. */
  readonly isFirst?: boolean;
}

export interface FieldProps {
  readonly spec: FieldSpec;
  readonly value: string;
  readonly problem: string | undefined;
  readonly onInput: (value: string) => void;
}

export function Field({ spec, value, problem, onInput }: FieldProps): JSX.Element {
  const { name, label, choices } = spec;
  const described =
    problem === undefined ? {} : { 'aria-invalid': true, 'aria-describedby': `${name}-problem` };
  const shared = { id: `field-${name}`, name, value, ...described };
  return (
    <div class={spec.isWide === true ? 'field wide' : 'field'}>
      <label for={shared.id}>{label}</label>
      {choices === undefined ? (
        <input
          {...shared}
          placeholder={spec.placeholder}
          list={spec.list}
          inputMode={spec.isNumber === true ? 'numeric' : 'text'}
          autoComplete="off"
          autoCapitalize="none"
          spellcheck={false}
          data-filter={spec.isFirst}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      ) : (
        <select {...shared} onChange={(event) => onInput(event.currentTarget.value)}>
          {choices.map(([choice, text]) => (
            <option value={choice} key={choice}>
              {text}
            </option>
          ))}
        </select>
      )}
      {problem !== undefined && <Problem id={`${name}-problem`} text={problem} />}
    </div>
  );
}

export function Problem({ id, text }: { id: string; text: string }): JSX.Element {
  return (
    <p class="problem" id={id}>
      {text}
    </p>
  );
}
