import { b64u, sha256, utf8 } from '../bytes/bytes';
import { parseNotice, type Notice, type NoticeRow } from './notice';

/** One thing that a row says differently; without `before` it is new, without `after` it is gone. */
export interface ChangedWords {
  readonly field: RowField;
  readonly before?: string;
  readonly after?: string;
}

export type RowField = 'label' | 'sentence' | 'media' | 'recipient' | 'retention' | 'basis' | 'undo';

/** A row that somebody said yes to in other words than it has now; they are told in the language they read then. */
export interface Reworded {
  readonly locale: string;
  readonly changed: readonly ChangedWords[];
}

/** A row as somebody saw it when they answered. */
export interface ShownRow {
  readonly locale: string;
  readonly row: NoticeRow;
}

/** The texts of a meeting by their language. One that cannot be read is left out: under it nothing stands. */
export async function textsOf(notice: {
  readonly en: string;
  readonly nl: string;
}): Promise<ReadonlyMap<string, Notice>> {
  const texts = new Map<string, Notice>();
  for (const exact of [notice.en, notice.nl])
    try {
      const text = await parseNotice(exact);
      texts.set(text.locale, text);
    } catch (failure) {
      console.warn('a notice cannot be read', failure);
    }
  return texts;
}

/**
 * The row of a kept text, by the hash that its receipt has signed: so it is the device, not the server, that says what
 * was shown then. None if the text is another one or does not ask for that.
 */
export async function shownRow(
  noticeText: string,
  noticeHash: string,
  purpose: string,
): Promise<ShownRow | undefined> {
  if (b64u(await sha256(utf8(noticeText))) !== noticeHash) return undefined;
  try {
    const text = await parseNotice(noticeText);
    const row = text.rows.find((r) => r.purpose === purpose);
    return row && { locale: text.locale, row };
  } catch (failure) {
    console.warn('a kept notice cannot be read', failure);
    return undefined;
  }
}

/** What changed since `shown`; none if the row is asked in the very same words. */
export function reworded(shown: ShownRow, texts: ReadonlyMap<string, Notice>): Reworded | undefined {
  const now = texts.get(shown.locale)?.rows.find((r) => r.purpose === shown.row.purpose);
  const changed = changedWords(shown.row, now);
  return changed.length === 0 ? undefined : { locale: shown.locale, changed };
}

/** The differences of a row, in the order of the newer one; media that only moved are not told. */
export function changedWords(before: NoticeRow, after: NoticeRow | undefined): readonly ChangedWords[] {
  const fields = ['label', 'sentence', 'recipient', 'retention', 'basis', 'undo'] as const;
  const media = [...new Set([...(after?.media ?? []), ...before.media].map((m) => m.medium))];
  return [
    ...fields.map((field) => ({ field, was: before[field], is: after?.[field] })),
    ...media.map((medium) => ({
      field: 'media' as const,
      was: before.media.find((m) => m.medium === medium)?.label,
      is: after?.media.find((m) => m.medium === medium)?.label,
    })),
  ]
    .filter(({ was, is }) => was !== is)
    .map(({ field, was, is }) => ({
      field,
      ...(was === undefined ? {} : { before: was }),
      ...(is === undefined ? {} : { after: is }),
    }));
}

type Parts = readonly [string, string, string];

/** Two texts, each as what they begin with alike, whole words in which they differ, and what they end with alike. */
export function apart(before: string, after: string): readonly [Parts, Parts] {
  const was = before.split(/(?<=\s)/);
  const is = after.split(/(?<=\s)/);
  const most = Math.min(was.length, is.length);
  let start = 0;
  while (start < most && was[start] === is[start]) start++;
  let end = 0;
  while (end < most - start && was.at(-1 - end) === is.at(-1 - end)) end++;
  const parts = (words: readonly string[]): Parts => [
    words.slice(0, start).join(''),
    words.slice(start, words.length - end).join(''),
    words.slice(words.length - end).join(''),
  ];
  return [parts(was), parts(is)];
}
