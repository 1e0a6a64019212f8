import { useCallback, useEffect, useRef, useState } from 'react';
import type { Meeting } from '../api/client';
import { sentence } from '../api/sentences';
import type { Reworded } from '../consent/anew';
import { answerMedium, answerRow, keyOf, NOTHING_ANSWERED, toSign, type CardState } from '../consent/answers';
import { slipsOf, type KeptSlip } from '../consent/keeping';
import type { Notice, NoticeRow } from '../consent/notice';
import { answeredBefore, noticeOf } from '../consent/offered';
import type { Answer } from '../consent/receipt';
import { offeredRows } from '../room/roomModel';
import { locale } from '../../words/words';
import { outbox } from '../withdraw/outbox';
import { chosenFor, forgetChosen, keepChosen } from './chosen';

/** The card before joining, on whichever page it stands: in the invitation and in the preview it is the same one. */
export interface Answers {
  readonly ready: boolean;
  readonly notice: Notice | undefined;
  /** The text could not be drawn, so nothing is asked. */
  readonly unreadable: boolean;
  /** Whether this browser keeps things; where it does not, nothing is asked. */
  readonly keeps: boolean;
  readonly rows: readonly NoticeRow[];
  readonly card: CardState;
  readonly reworded: ReadonlyMap<string, Reworded>;
  /** Something that was chosen before was for other words or somebody else, and is gone. */
  readonly dropped: boolean;
  /** What was chosen, is on this device alone, and would be signed at joining. */
  readonly chosen: readonly Answer[];
  /** What was taken back here, by handle. */
  readonly taken: readonly KeptSlip[];
  readonly trouble: string | undefined;
  readonly decide: (row: NoticeRow, yes: boolean, medium?: string) => void;
  readonly clear: () => void;
  /** The choices are handed over to be signed: nothing of them stays here. */
  readonly handedOver: () => void;
}

interface Read {
  readonly notice: Notice | undefined;
  readonly keeps: boolean;
  readonly before: CardState;
  readonly reworded: ReadonlyMap<string, Reworded>;
  readonly dropped: boolean;
}

const NOTHING_READ: Read = {
  notice: undefined,
  keeps: true,
  before: NOTHING_ANSWERED,
  reworded: new Map(),
  dropped: false,
};

export function useAnswers(meeting: Meeting): Answers {
  const language = locale();
  const [read, setRead] = useState<Read | undefined>();
  const [card, setCard] = useState<CardState>(NOTHING_ANSWERED);
  const [taken, setTaken] = useState<readonly KeptSlip[]>([]);
  const [trouble, setTrouble] = useState<string | undefined>();
  const writing = useRef<Promise<void>>(Promise.resolve());
  const { notice, keeps, before, reworded, dropped } = read ?? NOTHING_READ;
  const rows = offeredRows(notice, meeting);

  useEffect(() => {
    let live = true;
    const load = async () => {
      const found = await noticeOf(meeting);
      if (!found) return { ...NOTHING_READ, found: NOTHING_ANSWERED };
      const asked = offeredRows(found, meeting);
      try {
        const said = await answeredBefore(meeting, found, asked);
        const chosen = await chosenFor(meeting, found, asked, new Date());
        return {
          notice: found,
          keeps: true,
          before: { answered: said.answered },
          reworded: said.reworded,
          dropped: chosen.dropped,
          found: { answered: new Map([...said.answered, ...chosen.card.answered]) },
        };
      } catch (failure) {
        console.warn('choices: this browser stores nothing', failure);
        return { ...NOTHING_READ, notice: found, keeps: false, found: NOTHING_ANSWERED };
      }
    };
    void load().then(({ found, ...all }) => {
      if (!live) return;
      setRead(all);
      setCard((now) => ({ answered: new Map([...found.answered, ...now.answered]) }));
    });
    return () => {
      live = false;
    };
  }, [meeting, language]);

  /** One write after the other, so that the last choice is the one that is kept. */
  const write = useCallback((step: () => Promise<void>) => {
    writing.current = writing.current.then(step).catch((failure: unknown) => {
      console.warn('choices: not kept', failure);
      setTrouble(sentence(failure));
    });
  }, []);

  const decide = (row: NoticeRow, yes: boolean, medium?: string) => {
    if (!notice) return;
    const next = medium === undefined ? answerRow(card, row, yes) : answerMedium(card, row, medium, yes);
    const media = row.media.map((m) => m.medium).filter((m) => medium === undefined || m === medium);
    const answered = new Map(next.answered);
    for (const m of media) {
      const key = keyOf(row.purpose, m);
      const was = before.answered.get(key);
      if (was?.from !== 'given') continue;
      // A yes that stands is taken back at once, here as in the room; said again, it has nothing to sign.
      answered.set(key, yes ? was : { yes: false, from: 'before' });
    }
    const changed = { answered };
    setCard(changed);
    write(() => keepChosen(meeting, notice, rows, changed, new Date()));
    if (!yes) void takeBack(row, media);
  };

  const takeBack = async (row: NoticeRow, media: readonly string[]) => {
    try {
      const ended = (await slipsOf(meeting.id)).filter(
        (s) => s.purpose === row.purpose && media.includes(s.medium) && s.takenAt === undefined,
      );
      if (ended.length === 0) return;
      setTaken((all) => [...all, ...ended]);
      setRead((now) => now && { ...now, before: withoutYes(now.before, row, media) });
      await outbox.take(ended);
    } catch (failure) {
      setTrouble(sentence(failure));
    }
  };

  const chosen = toSign(card, rows);
  return {
    ready: read !== undefined,
    notice,
    unreadable: read !== undefined && notice === undefined && meeting.ai.purposes.length > 0,
    keeps,
    rows,
    card,
    reworded,
    dropped,
    chosen,
    taken,
    trouble,
    decide,
    clear: () => {
      const kept = [...card.answered].filter(([, said]) => said.from !== 'now');
      setCard({ answered: new Map([...before.answered, ...kept]) });
      write(() => forgetChosen(meeting.id));
    },
    handedOver: () => write(() => forgetChosen(meeting.id)),
  };
}

/** The same, with what was given to these media taken back. */
function withoutYes(before: CardState, row: NoticeRow, media: readonly string[]): CardState {
  const answered = new Map(before.answered);
  for (const medium of media) {
    const key = keyOf(row.purpose, medium);
    if (answered.get(key)?.from === 'given') answered.set(key, { yes: false, from: 'before' });
  }
  return { answered };
}
