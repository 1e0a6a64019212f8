import { useEffect, useState } from 'react';
import type { Meeting } from '../api/client';
import { sentence } from '../api/sentences';
import type { Reworded } from '../consent/anew';
import {
  answerMedium,
  answerRow,
  keyOf,
  NOTHING_ANSWERED,
  refuseHere,
  toSign,
  type CardState,
} from '../consent/answers';
import { slips, type KeptSlip } from '../consent/keeping';
import type { Notice, NoticeRow } from '../consent/notice';
import { answeredBefore, noticeOf } from '../consent/offered';
import type { Answer } from '../consent/receipt';
import { rememberNos } from '../consent/refused';
import { scopesOffered, THIS_MEETING, type Scope } from '../consent/scope';
import { standingIn, widerYesOf, type Standing, type WiderYes } from '../consent/standing';
import { offeredRows } from '../room/roomModel';
import { locale } from '../../words/words';
import { outbox } from '../withdraw/outbox';
import { chosenFor, forgetChosen, keepChosen, type Prints } from './chosen';

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
  /** How far the answers can be made to reach; `scope` is what is chosen. */
  readonly scopes: readonly Scope[];
  readonly scope: Scope;
  readonly choose: (scope: Scope) => void;
  /** The operator lets answers reach further, but the key that signed here before is for this meeting alone. */
  readonly bound: boolean;
  /** A yes from elsewhere, or for more than this meeting, that stands for a row. */
  readonly wider: (row: NoticeRow) => WiderYes | undefined;
  /** A no to such a row in this meeting only. */
  readonly refuseHere: (row: NoticeRow) => void;
  readonly clear: () => void;
  /** The choices are handed over to be signed: nothing of them stays here. */
  readonly handedOver: () => void;
}

interface Read {
  readonly notice: Notice | undefined;
  readonly keeps: boolean;
  readonly before: CardState;
  readonly standing: Standing | undefined;
  readonly reworded: ReadonlyMap<string, Reworded>;
  readonly dropped: boolean;
  readonly prints: Prints;
}

const NOTHING_READ: Read = {
  notice: undefined,
  keeps: true,
  before: NOTHING_ANSWERED,
  standing: undefined,
  reworded: new Map(),
  dropped: false,
  prints: new Map(),
};

export function useAnswers(meeting: Meeting): Answers {
  const language = locale();
  const [read, setRead] = useState<Read | undefined>();
  const [card, setCard] = useState<CardState>(NOTHING_ANSWERED);
  const [taken, setTaken] = useState<readonly KeptSlip[]>([]);
  const [trouble, setTrouble] = useState<string | undefined>();
  const [offered] = useState(() => scopesOffered(meeting, new Date()));
  const [scope, setScope] = useState<Scope>(THIS_MEETING);
  const { notice, keeps, before, standing, reworded, dropped, prints } = read ?? NOTHING_READ;
  const rows = offeredRows(notice, meeting);

  useEffect(() => {
    let live = true;
    const load = async () => {
      const found = await noticeOf(meeting);
      if (!found) return { ...NOTHING_READ, found: NOTHING_ANSWERED, scope: THIS_MEETING };
      const asked = offeredRows(found, meeting);
      try {
        const stands = await standingIn(meeting, new Date());
        const said = await answeredBefore(stands, found, asked, new Date());
        const chosen = await chosenFor(meeting, found, asked, new Date());
        return {
          notice: found,
          keeps: true,
          before: { answered: said.answered },
          standing: stands,
          reworded: said.reworded,
          dropped: chosen.dropped,
          prints: chosen.prints,
          found: { answered: new Map([...said.answered, ...chosen.card.answered]) },
          scope: chosen.scope,
        };
      } catch (failure) {
        console.warn('choices: this browser stores nothing', failure);
        const none = { found: NOTHING_ANSWERED, scope: THIS_MEETING };
        return { ...NOTHING_READ, notice: found, keeps: false, ...none };
      }
    };
    void load().then(({ found, scope: chosen, ...all }) => {
      if (!live) return;
      setRead(all);
      setScope(chosen);
      setCard((now) => ({ answered: new Map([...found.answered, ...now.answered]) }));
    });
    return () => {
      live = false;
    };
  }, [meeting, language]);

  /** What is not kept is not gone unseen. */
  const write = (step: () => void) => {
    try {
      step();
    } catch (failure) {
      console.warn('choices: not kept', failure);
      setTrouble(sentence(failure));
    }
  };

  const decide = (row: NoticeRow, yes: boolean, medium?: string) => {
    if (!notice || (!yes && isHereOnly(card, row))) return;
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
    change({ answered });
    if (!yes) void takeBack(row, media);
  };

  const change = (changed: CardState, reach: Scope = scope) => {
    if (!notice) return;
    setCard(changed);
    setScope(reach);
    write(() => keepChosen(meeting, notice, rows, prints, changed, new Date(), reach));
  };

  const wider = (row: NoticeRow) => standing && widerYesOf(standing, row, new Date());

  const takeBack = async (row: NoticeRow, media: readonly string[]) => {
    try {
      // It is a no to what is shown, and is not asked again; what was not given is said only at joining.
      const nos = row.media
        .filter((m) => media.includes(m.medium))
        .filter((m) => before.answered.get(keyOf(row.purpose, m.medium))?.from === 'given')
        .map((m) => ({ purpose: row.purpose, medium: m.medium, yes: false }));
      const { texts, recipient } = standing?.asked ?? {};
      const remembered = texts && recipient && rememberNos(texts.values(), recipient, nos, new Date());
      const counts = media.map((m) => standing?.own.get(keyOf(row.purpose, m))?.handle);
      const ended = (await slips.all()).filter(
        (s) =>
          s.purpose === row.purpose &&
          media.includes(s.medium) &&
          s.takenAt === undefined &&
          (s.meeting === meeting.id || counts.includes(s.handle)),
      );
      if (ended.length > 0) {
        setTaken((all) => [...all, ...ended]);
        setRead((now) => now && { ...now, before: withoutYes(now.before, row, media) });
        await outbox.take(ended);
      }
      await remembered;
    } catch (failure) {
      setTrouble(sentence(failure));
    }
  };

  const canReachFurther = standing?.canReachFurther ?? true;
  const chosen = toSign(card, rows, canReachFurther ? scope : THIS_MEETING);
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
    scopes: canReachFurther ? offered : [THIS_MEETING],
    scope,
    choose: (reach) => change(card, reach),
    bound: !canReachFurther && offered.length > 1,
    wider,
    refuseHere: (row) => change(refuseHere(card, row, wider(row)?.media ?? [])),
    clear: () => {
      const kept = [...card.answered].filter(([, said]) => said.from !== 'now');
      setScope(THIS_MEETING);
      setCard({ answered: new Map([...before.answered, ...kept]) });
      write(() => forgetChosen(meeting.id));
    },
    handedOver: () => write(() => forgetChosen(meeting.id)),
  };
}

/** Whether a row is refused in this meeting only, while a yes from elsewhere stays as it is. */
export function isHereOnly(card: CardState, row: NoticeRow): boolean {
  return row.media.some((m) => card.answered.get(keyOf(row.purpose, m.medium))?.here);
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
