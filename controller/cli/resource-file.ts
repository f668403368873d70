/**
 * Files of resources: YAML (and so JSON) of one document or several, each `kind: Policy` or `kind: AddressSet`. What the fields
 * mean is for the controller to judge; what the file says is judged here, with the place of every mistake.
 */
import { readFileSync } from 'node:fs';
import { AddressSet, Policy } from '@nsgate/proto';
import { isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, type Node } from 'yaml';
import { messageDescription } from './api-description';
import { MessageReader, type Problem } from './message-reader';

/** Everything that is wrong with files, a line for each: `file:line:column: what`. */
export class ResourceFileError extends Error {
  override readonly name = 'ResourceFileError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** A resource, and where it stands in its file. */
export type Resource = ResourceContent & {
  /** `file:line:column` of a field by its path in the message, such as `rules[0].match.sources[1]`, or of what is nearest above it. */
  readonly placeOf: (path: string) => string;
};

export type ResourceContent =
  | { readonly kind: 'Policy'; readonly policy: Policy }
  | {
      readonly kind: 'AddressSet';
      readonly addressSet: AddressSet;
      /** Undefined when the file says nothing of them. */
      readonly members: readonly string[] | undefined;
    };

type Kind = Resource['kind'];

export const KINDS: readonly Kind[] = ['Policy', 'AddressSet'];

/** What the controller gives: `nsgate get NAME -o yaml` prints it, and it may be applied again. */
export const GIVEN_BY_CONTROLLER = ['uid', 'revision', 'createTime', 'updateTime', 'memberCount'] as const;

/** Reads the resources of a file, in its order. ResourceFileError, or what reading the file throws. */
export function readResourceFile(path: string): Resource[] {
  return parseResources(readFileSync(path, 'utf8'), path);
}

/** Reads the resources of a text; `file` is what to call it. ResourceFileError lists everything that is wrong. */
export function parseResources(source: string, file: string): Resource[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(source, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const problems: string[] = [];
  const resources: Resource[] = [];
  // Without a document there is an empty list with a property of its own.
  for (const document of Array.isArray(documents) ? documents : []) {
    const read = readDocument(document);
    if (read.kind === 'problems') {
      problems.push(...read.problems.map(({ offset, what }) => `${place(offset)}: ${what}`));
    } else if (read.kind === 'content') {
      resources.push({ ...read.content, placeOf: (path) => place(offsetOf(document, path)) });
    }
  }
  if (problems.length > 0) throw new ResourceFileError(problems);
  if (resources.length === 0) throw new ResourceFileError([`${file}:1:1: there is no resource in this file`]);
  return resources;
}

type Read =
  | { kind: 'empty' }
  | { kind: 'content'; content: ResourceContent }
  | { kind: 'problems'; problems: readonly Problem[] };

function readDocument(document: Document.Parsed): Read {
  if (document.errors.length > 0) {
    return {
      kind: 'problems',
      problems: document.errors.map(({ pos, message }) => ({ offset: pos[0], what: message })),
    };
  }
  try {
    // Aliases that multiply beyond reason, and those without an anchor, are found by what expands them.
    if (document.toJS() === null) return { kind: 'empty' };
  } catch (error) {
    return { kind: 'problems', problems: [{ offset: 0, what: (error as Error).message }] };
  }
  const { contents } = document;
  if (!isMap(contents))
    return {
      kind: 'problems',
      problems: [
        { offset: contents?.range[0] ?? 0, what: 'the document must be a mapping of fields to values' },
      ],
    };
  const kind: unknown = contents.get('kind');
  if (kind === 'Policy') return readPolicy(document);
  if (kind === 'AddressSet') return readAddressSet(document);
  const at = contents.get('kind', true) as Node | undefined;
  const what = `kind: must be ${KINDS.join(' or ')}`;
  return { kind: 'problems', problems: [{ offset: at?.range?.[0] ?? contents.range[0], what }] };
}

function readPolicy(document: Document.Parsed): Read {
  const reader = new MessageReader(document, new Set(['kind', ...GIVEN_BY_CONTROLLER]));
  const json = reader.read(messageDescription('Policy'));
  if (reader.problems.length > 0) return { kind: 'problems', problems: reader.problems };
  return { kind: 'content', content: { kind: 'Policy', policy: Policy.fromJSON(json) } };
}

/** `members` stands beside the fields of the message. */
function readAddressSet(document: Document.Parsed): Read {
  const reader = new MessageReader(document, new Set(['kind', 'members', ...GIVEN_BY_CONTROLLER]));
  const json = reader.read(messageDescription('AddressSet'));
  const members = document.getIn(['members'], true);
  const problems = [...reader.problems];
  const texts: string[] = [];
  for (const item of isSeq(members) ? members.items : []) {
    if (isScalar(item) && typeof item.value === 'string') texts.push(item.value);
    else
      problems.push({
        offset: (item as Node).range?.[0] ?? 0,
        what: 'members: must be text: put it in quotes',
      });
  }
  if (members !== undefined && !isSeq(members)) {
    problems.push({ offset: (members as Node).range?.[0] ?? 0, what: 'members: must be a list' });
  }
  if (problems.length > 0) return { kind: 'problems', problems };
  const addressSet = AddressSet.fromJSON(json);
  return {
    kind: 'content',
    content: { kind: 'AddressSet', addressSet, members: members === undefined ? undefined : texts },
  };
}

/** Of the field, or of the nearest above it that the document has. The API's paths are in snake_case. */
function offsetOf(document: Document.Parsed, path: string): number {
  const steps = path
    .split(/[.[\]]+/)
    .filter((step) => step !== '')
    .map((step) =>
      /^\d+$/.test(step)
        ? Number(step)
        : step.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    );
  for (let depth = steps.length; depth > 0; depth--) {
    const node = document.getIn(steps.slice(0, depth), true) as Node | undefined;
    if (node?.range) return node.range[0];
  }
  return document.contents?.range[0] ?? 0;
}
