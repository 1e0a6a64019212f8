import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { noticeText } from '../../../tests/notices';
import { storageInMemory } from '../../../tests/storage';
import type { Meeting } from '../api/client';
import {
  answerMedium,
  answerRow,
  NOTHING_ANSWERED,
  refuseHere,
  rowAnswer,
  toSign,
  type CardState,
} from '../consent/answers';
import { receipts, slips } from '../consent/keeping';
import { parseNotice, type Notice, type NoticeRow } from '../consent/notice';
import { invitationLink, readLink } from '../landing/link';
import { scopesOffered, THIS_MEETING, type Scope } from '../consent/scope';
import { chosenFor, keepChosen } from './chosen';

const NOW = new Date('2026-03-01T09:00:00.000Z');
const DAY = 24 * 3600 * 1000;

const companion = {
  id: 'companion',
  name: 'Aye companion',
  key: 'k',
  keyIndex: 0,
  keyProof: '',
  processor: { host: 'local', model: 'sphinx4' },
};

function meeting(change: { en?: string; nl?: string; model?: string } = {}): Meeting {
  const { en = noticeText('en'), nl = noticeText('nl'), model = 'sphinx4' } = change;
  return {
    id: 'm1',
    title: '',
    room: 'r1',
    demo: false,
    ai: {
      purposes: ['captions', 'notes', 'training'],
      recipients: [{ ...companion, processor: { host: 'local', model } }],
    },
    notice: { version: 1, en, nl },
    scope: { widest: 'organisation', days: 90 },
    log: { origin: 'o', vkey: 'v' },
  };
}

async function card(of: Meeting = meeting(), locale: 'en' | 'nl' = 'en') {
  const notice = await parseNotice(of.notice[locale]);
  const row = (purpose: string): NoticeRow => {
    const found = notice.rows.find((r) => r.purpose === purpose);
    if (!found) throw new Error(purpose);
    return found;
  };
  return { notice, row, captions: row('captions'), notes: row('notes') };
}

/** Keeps what was chosen on the card of `meeting()`. */
async function keep(notice: Notice, state: CardState, scope?: Scope) {
  const { prints } = await chosenFor(meeting(), notice, notice.rows, NOW);
  keepChosen(meeting(), notice, notice.rows, prints, state, NOW, scope);
}

/** Somebody says yes to captions and no to notes, and closes the page. */
async function chose(notice: Notice, captions: NoticeRow, notes: NoticeRow) {
  await keep(notice, answerRow(answerRow(NOTHING_ANSWERED, captions, true), notes, false));
}

beforeEach(() => vi.stubGlobal('localStorage', storageInMemory()));

describe('what was chosen in the invitation', () => {
  it('is there when the preview opens, and is what would be signed at joining', async () => {
    const { notice, captions, notes } = await card();
    await chose(notice, captions, notes);
    const { card: found, dropped } = await chosenFor(meeting(), notice, notice.rows, NOW);
    expect(dropped).toBe(false);
    expect(rowAnswer(found, captions)).toBe('yes');
    expect(rowAnswer(found, notes)).toBe('no');
    expect(toSign(found, notice.rows).map((a) => `${a.purpose} ${a.medium} ${a.yes}`)).toEqual([
      'captions voice true',
      'notes voice false',
      'notes chat false',
    ]);
  });

  it('is kept in words only the device reads: no receipt and no slip is made of it', async () => {
    const { notice, captions, notes } = await card();
    const before = [await receipts.all(), await slips.all()];
    await chose(notice, captions, notes);
    expect([await receipts.all(), await slips.all()]).toEqual(before);
  });

  it('is the same in the other language', async () => {
    const en = await card();
    await chose(en.notice, en.captions, en.notes);
    const nl = await card(meeting(), 'nl');
    const { card: found } = await chosenFor(meeting(), nl.notice, nl.notice.rows, NOW);
    expect(rowAnswer(found, nl.captions)).toBe('yes');
  });

  it('is dropped for a row whose words changed in any language, and the others stay', async () => {
    const { notice, captions, notes } = await card();
    const both = answerRow(answerRow(NOTHING_ANSWERED, captions, true), notes, true);
    await keep(notice, both);
    const nl = noticeText('nl').replace('daarna wordt vergeten', 'een uur wordt bewaard');
    expect(nl).not.toBe(noticeText('nl'));
    const { card: found, dropped } = await chosenFor(meeting({ nl }), notice, notice.rows, NOW);
    expect(dropped).toBe(true);
    expect(rowAnswer(found, captions)).toBe('open');
    expect(rowAnswer(found, notes)).toBe('yes');
  });

  it('is a yes to nobody else: another model is asked anew, a yes as much as a no', async () => {
    const { notice, captions, notes } = await card();
    await chose(notice, captions, notes);
    const moved = meeting({ model: 'another' });
    const { card: found, dropped } = await chosenFor(moved, notice, notice.rows, NOW);
    expect(dropped).toBe(true);
    expect(toSign(found, notice.rows)).toEqual([]);
  });

  it('stays a no when only the wording changed, as a signed no does', async () => {
    const old = await card();
    await chose(old.notice, old.captions, old.notes);
    const en = noticeText('en').replace('Your voice and chat become', 'What you say and write becomes');
    const { notice, notes } = await card(meeting({ en }));
    const { card: found } = await chosenFor(meeting({ en }), notice, notice.rows, NOW);
    expect(rowAnswer(found, notes)).toBe('no');
  });

  it('reaches as far as was chosen while that is offered, and else this meeting alone', async () => {
    const { notice, captions } = await card();
    const yes = answerRow(NOTHING_ANSWERED, captions, true);
    const [, room, everywhere] = scopesOffered(meeting(), NOW);
    if (!room || !everywhere) throw new Error('nothing is offered');
    const chosen = async (scope: Scope, later: Meeting = meeting(), now = NOW) => {
      await keep(notice, yes, scope);
      return (await chosenFor(later, notice, notice.rows, now)).scope;
    };
    expect(await chosen(THIS_MEETING)).toEqual(THIS_MEETING);
    expect(await chosen(room)).toEqual(room);
    expect(await chosen(everywhere)).toEqual(everywhere);
    expect(await chosen(everywhere, meeting(), new Date(NOW.getTime() + 7 * DAY))).toEqual(everywhere);
    for (const other of [
      { ...meeting(), scope: { widest: 'room', days: 90 } } as const,
      { ...meeting(), scope: { widest: 'organisation', days: 30 } } as const,
    ])
      expect(await chosen(everywhere, other)).toEqual(THIS_MEETING);
    expect(await chosen(room, { ...meeting(), room: 'r2' })).toEqual(THIS_MEETING);
    const short = { ...everywhere, until: new Date(NOW.getTime() + DAY).toISOString() } as Scope;
    expect(await chosen(short, meeting(), new Date(NOW.getTime() + DAY))).toEqual(THIS_MEETING);
  });

  it('stays a no for this meeting only where it was one', async () => {
    const { notice, captions } = await card();
    await keep(notice, refuseHere(NOTHING_ANSWERED, captions, ['voice']));
    const { card: found } = await chosenFor(meeting(), notice, notice.rows, NOW);
    expect(toSign(found, notice.rows)).toEqual([
      { purpose: 'captions', medium: 'voice', yes: false, here: true },
    ]);
  });

  it('is kept at once: a page that is left in the same instant has lost nothing of it', async () => {
    const { notice, captions } = await card();
    const { prints } = await chosenFor(meeting(), notice, notice.rows, NOW);
    for (const yes of [true, false]) {
      keepChosen(meeting(), notice, notice.rows, prints, answerRow(NOTHING_ANSWERED, captions, yes), NOW);
      // Nothing was waited for: no later turn of the loop is needed.
      expect(localStorage.getItem('aye-choices:m1')).toContain(`"yes":${yes}`);
    }
  });

  it('is nothing where something else lies there, and leaves what is not its own alone', async () => {
    const { notice } = await card();
    localStorage.setItem('name', 'somebody');
    localStorage.setItem('aye-choices:m1', '{"at":');
    expect((await chosenFor(meeting(), notice, notice.rows, NOW)).card.answered.size).toBe(0);
    expect(localStorage.getItem('name')).toBe('somebody');
    expect(localStorage.length).toBe(1);
  });

  it('can be changed, and is gone when it is cleared or long over', async () => {
    const { notice, captions, notes } = await card();
    await chose(notice, captions, notes);
    await keep(notice, answerMedium(NOTHING_ANSWERED, captions, 'voice', false));
    const changed = await chosenFor(meeting(), notice, notice.rows, NOW);
    expect(toSign(changed.card, notice.rows)).toEqual([{ purpose: 'captions', medium: 'voice', yes: false }]);
    const later = new Date(NOW.getTime() + 9 * DAY);
    expect((await chosenFor(meeting(), notice, notice.rows, later)).card.answered.size).toBe(0);
    expect((await chosenFor(meeting(), notice, notice.rows, NOW)).card.answered.size).toBe(0);
    await chose(notice, captions, notes);
    await keep(notice, NOTHING_ANSWERED);
    expect((await chosenFor(meeting(), notice, notice.rows, NOW)).card.answered.size).toBe(0);
  });
});

describe('the link of an invitation', () => {
  it('is that of the meeting with the same secret, and either is a whole link', () => {
    const secret = 'A'.repeat(43);
    const link = `https://aye.example/m/abc#${secret}`;
    expect(invitationLink(link)).toBe(`https://aye.example/i/abc#${secret}`);
    expect(readLink(invitationLink(link))).toEqual({ meeting: 'abc', secret });
  });
});
