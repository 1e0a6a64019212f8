import { b64u, sha256, text, unb64u, type Bytes } from '../bytes/bytes';
import { parseNotice, type Notice } from '../consent/notice';
import { leaf } from '../log/leaf';
import type { Checkpoint } from '../log/note';
import { checkInLog } from '../log/proof';
import type { Tiles } from '../log/tiles';
import { unchecked } from '../log/unchecked';
import { LOCALES, type Locale } from '../../words/words';

/** One thing that two versions say differently (docs/protocol.md, *difference*). */
export interface Change {
  readonly part: string;
  readonly purpose?: string;
  readonly field: string;
  readonly before?: string;
  readonly after?: string;
}

/** A notice as `GET /api/notices` lists it. */
export interface Listed {
  readonly version: number;
  readonly locale: string;
  readonly hash: string;
  readonly index: number;
  readonly published: string;
  readonly changed: readonly Change[];
}

/** What a check of one text came to: it has its hash, and the log holds that hash at its place, or not, or could not be asked. */
export interface Text {
  readonly listed: Listed;
  /** The text, when it can be read and has the hash it is listed under. */
  readonly notice: Notice | undefined;
  readonly is: 'proved' | 'otherText' | 'notInLog' | 'unreadable' | 'unchecked';
  readonly why?: unknown;
}

/** One version in its languages, with what it says differently from the one before. */
export interface Version {
  readonly version: number;
  readonly published: Date;
  readonly texts: ReadonlyMap<Locale, Text>;
  /** By language; absent for the first version. */
  readonly changes: ReadonlyMap<Locale, readonly Change[]>;
  /** The server lists other changes than its two texts show. */
  readonly contradicted: boolean;
}

/** Checks one text: its bytes against its hash, and the hash against the `NOTICE` leaf in the log. */
export async function checkText(
  listed: Listed,
  bytes: Bytes,
  tiles: Tiles,
  checkpoint: Checkpoint,
): Promise<Text> {
  if (b64u(await sha256(bytes)) !== listed.hash) return { listed, notice: undefined, is: 'otherText' };
  let notice: Notice | undefined;
  let unreadable: unknown;
  try {
    notice = await parseNotice(text(bytes));
  } catch (failure) {
    unreadable = failure;
  }
  try {
    await checkInLog(tiles, checkpoint, listed.index, leaf.notice(unb64u(listed.hash, 32)));
  } catch (why) {
    return { listed, notice, is: unchecked(why) ? 'unchecked' : 'notInLog', why };
  }
  if (!notice || notice.version !== listed.version || notice.locale !== listed.locale)
    return { listed, notice, is: 'unreadable', why: unreadable };
  return { listed, notice, is: 'proved' };
}

/**
 * The versions, the newest first. What changed is found here, in the two texts themselves; the list of the server is
 * shown only where a text cannot be read, and compared where both can.
 */
export function versions(texts: readonly Text[]): Version[] {
  const numbers = [...new Set(texts.map((t) => t.listed.version))].sort((a, b) => b - a);
  const of = (version: number, locale: Locale) =>
    texts.find((t) => t.listed.version === version && t.listed.locale === locale);
  return numbers.map((version, i) => {
    const before = numbers[i + 1];
    const here = new Map<Locale, Text>();
    const changes = new Map<Locale, readonly Change[]>();
    let contradicted = false;
    for (const locale of LOCALES) {
      const now = of(version, locale);
      if (!now) continue;
      here.set(locale, now);
      if (before === undefined) continue;
      const older = of(before, locale)?.notice;
      const found = older && now.notice ? difference(older, now.notice) : undefined;
      changes.set(locale, found ?? now.listed.changed);
      if (found && spelled(found) !== spelled(now.listed.changed)) contradicted = true;
    }
    const published = new Date([...here.values()][0]?.listed.published ?? '');
    return { version, published, texts: here, changes, contradicted };
  });
}

function spelled(changes: readonly Change[]): string {
  return JSON.stringify(
    changes.map((c) => [c.part, c.purpose, c.field, c.before, c.after].map((x) => x ?? null)),
  );
}

/** What `newer` says differently from `older`, as the server finds it (`Notice.difference`). */
export function difference(older: Notice, newer: Notice): Change[] {
  const purposes = new Set([...newer.rows, ...older.rows].map((row) => row.purpose));
  return [
    ...compared({ part: 'controller' }, { ...older.controller }, { ...newer.controller }),
    ...paragraphs('lead', older.lead, newer.lead),
    ...[...purposes].flatMap((purpose) =>
      compared({ part: 'rows', purpose }, words(older, purpose), words(newer, purpose)),
    ),
    ...paragraphs('foot', older.foot, newer.foot),
    ...paragraphs('full', older.full, newer.full),
  ];
}

type Words = Readonly<Record<string, string>>;

function words(notice: Notice, purpose: string): Words {
  const row = notice.rows.find((r) => r.purpose === purpose);
  if (!row) return {};
  const { label, sentence, media, recipient, retention, basis, undo } = row;
  const parts = Object.fromEntries(media.map((m) => [`media.${m.medium}`, m.label]));
  return { label, sentence, ...parts, recipient, retention, basis, undo };
}

function compared(where: Pick<Change, 'part' | 'purpose'>, before: Words, after: Words): Change[] {
  const fields = new Set([...Object.keys(after), ...Object.keys(before)]);
  return [...fields].flatMap((field) => change(where, field, before[field], after[field]));
}

/** A paragraph that is gone is told beside the one that came in its place, if one did. */
function paragraphs(part: string, before: readonly string[], after: readonly string[]): Change[] {
  const gone = before.filter((p) => !after.includes(p));
  const come = after.filter((p) => !before.includes(p));
  return Array.from({ length: Math.max(gone.length, come.length) }, (_, i) =>
    change({ part }, 'text', gone[i], come[i]),
  ).flat();
}

function change(
  where: Pick<Change, 'part' | 'purpose'>,
  field: string,
  before: string | undefined,
  after: string | undefined,
): Change[] {
  if (before === after) return [];
  return [
    {
      ...where,
      field,
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    },
  ];
}
