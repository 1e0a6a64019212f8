import { b64u, sha256, utf8 } from '../bytes/bytes';
import { Fields, NotStrict, strictJson } from './strictJson';

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

const LARGEST = 64 * 1024;

/**
 * Reads a notice as the server does: a text that we cannot draw whole is not shown at all, so nothing can be granted
 * under it. Throws for any other.
 */
export async function parseNotice(exact: string): Promise<Notice> {
  const bytes = utf8(exact);
  if (bytes.length > LARGEST) throw new NotStrict('the notice is too long');
  const fields = Fields.of(strictJson(bytes), 'notice').having([
    'version',
    'locale',
    'controller',
    'lead',
    'rows',
    'foot',
    'full',
  ]);
  const controller = fields.object('controller').having(['name', 'contact', 'authority']);
  const rows = fields.objects('rows', PURPOSES.length).map(rowOf);
  if (new Set(rows.map((row) => row.purpose)).size < rows.length)
    throw new NotStrict('two rows have the same purpose');
  return {
    version: fields.integer('version', 1, 1_000_000),
    locale: fields.text('locale', 35),
    hash: b64u(await sha256(bytes)),
    exact,
    controller: {
      name: line(controller, 'name'),
      contact: line(controller, 'contact'),
      authority: line(controller, 'authority'),
    },
    lead: fields.texts('lead', 8, 2000),
    rows,
    foot: fields.texts('foot', 8, 2000),
    full: fields.texts('full', 64, 4000),
  };
}

function rowOf(row: Fields): NoticeRow {
  row.having(['purpose', 'label', 'sentence', 'media', 'recipient', 'retention', 'basis', 'undo']);
  const media = row.objects('media', MEDIA.length).map((entry) => {
    entry.having(['medium', 'label']);
    return { medium: entry.oneOf('medium', MEDIA), label: entry.text('label', 200) };
  });
  if (new Set(media.map(({ medium }) => medium)).size < media.length)
    throw new NotStrict('a row has a medium twice');
  return {
    purpose: row.oneOf('purpose', PURPOSES),
    label: row.text('label', 2000),
    sentence: row.text('sentence', 2000),
    media,
    recipient: row.text('recipient', 2000),
    retention: row.text('retention', 2000),
    basis: row.text('basis', 2000),
    undo: row.text('undo', 2000),
  };
}

function line(fields: Fields, key: string): string {
  const text = fields.text(key, 200);
  if (text.includes('\n')) throw new NotStrict(`the controller's ${key} is not a single line`);
  return text;
}
