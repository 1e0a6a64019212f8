import { b64u, sha256, utf8 } from '../bytes/bytes';

/** The exact text that is shown, parsed from the bytes that are hashed (docs/protocol.md, "Notice"). */
export interface Notice {
  readonly version: number;
  readonly locale: string;
  readonly hash: string;
  /** The very text that was parsed; kept with receipts, so that what was shown can be shown again. */
  readonly exact: string;
  readonly controller: { readonly name: string; readonly contact: string; readonly authority: string };
  readonly lead: readonly string[];
  readonly rows: readonly NoticeRow[];
  readonly foot: readonly string[];
  readonly full: readonly string[];
}

export interface NoticeRow {
  readonly purpose: Purpose;
  readonly label: string;
  readonly sentence: string;
  readonly media: readonly { readonly medium: Medium; readonly label: string }[];
  readonly recipient: string;
  readonly retention: string;
  readonly basis: string;
  readonly undo: string;
}

export const PURPOSES = ['captions', 'notes', 'recording', 'training', 'sharing'] as const;
export type Purpose = (typeof PURPOSES)[number];
export const MEDIA = ['voice', 'video', 'screen', 'chat', 'files'] as const;
export type Medium = (typeof MEDIA)[number];

export const PURPOSE_IRIS: Record<Purpose, string> = {
  captions: 'urn:aye:purpose:live-captions',
  notes: 'urn:aye:purpose:meeting-notes',
  recording: 'urn:aye:purpose:recording',
  training: 'urn:aye:purpose:train-own-models',
  sharing: 'urn:aye:purpose:share',
};

/** Parses a notice strictly: a text that we cannot draw whole is not shown at all, so nothing can be granted under it. */
export async function parseNotice(exact: string): Promise<Notice> {
  const json: unknown = JSON.parse(exact);
  const n = object(json);
  const c = object(n['controller']);
  return {
    version: number(n['version']),
    locale: string(n['locale']),
    hash: b64u(await sha256(utf8(exact))),
    exact,
    controller: {
      name: string(c['name']),
      contact: string(c['contact']),
      authority: string(c['authority']),
    },
    lead: strings(n['lead']),
    rows: array(n['rows']).map((value) => {
      const r = object(value);
      return {
        purpose: oneOf(PURPOSES, r['purpose']),
        label: string(r['label']),
        sentence: string(r['sentence']),
        media: array(r['media']).map((m) => {
          const medium = object(m);
          return { medium: oneOf(MEDIA, medium['medium']), label: string(medium['label']) };
        }),
        recipient: string(r['recipient']),
        retention: string(r['retention']),
        basis: string(r['basis']),
        undo: string(r['undo']),
      };
    }),
    foot: strings(n['foot']),
    full: strings(n['full']),
  };
}

function object(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('malformed notice');
  return value as Record<string, unknown>;
}

function array(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error('malformed notice');
  return value;
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw new Error('malformed notice');
  return value;
}

function strings(value: unknown): string[] {
  return array(value).map(string);
}

function number(value: unknown): number {
  if (typeof value !== 'number') throw new Error('malformed notice');
  return value;
}

function oneOf<T extends string>(known: readonly T[], value: unknown): T {
  const found = known.find((k) => k === value);
  if (!found) throw new Error('the notice asks for something this page does not know');
  return found;
}
