import { useEffect, useId, useRef, useState, type MouseEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Reworded } from './anew';
import type { RowAnswer } from './answers';
import { here } from '../listening/recipient';
import type { Notice, NoticeRow } from './notice';
import type { Recipient } from './receipt';
import { useSteady } from './steady';
import { WordsChanged } from './WordsChanged';

export interface CardProps {
  readonly notice: Notice;
  /** The very recipient that a yes is signed for. */
  readonly recipient: Recipient | undefined;
  readonly rows: readonly NoticeRow[];
  readonly answer: (row: NoticeRow) => RowAnswer;
  readonly mediumAnswer: (row: NoticeRow, medium: string) => RowAnswer;
  readonly decide: (row: NoticeRow, yes: boolean, medium?: string) => void;
  readonly busy?: (row: NoticeRow) => boolean;
  readonly fromBefore?: (row: NoticeRow) => boolean;
  /** Rows that were answered in other words than they have now, with the difference. */
  readonly reworded?: ReadonlyMap<string, Reworded>;
  /** What a row's answer from elsewhere is, where there is one. */
  readonly standing?: (row: NoticeRow) => ReactNode;
  /** How far the answers reach, where that can be chosen. */
  readonly reach?: ReactNode;
  /** What came of an answer, shown where it was given. */
  readonly below?: (row: NoticeRow) => ReactNode;
  readonly bare?: boolean;
  /** Minors may be present: it is said why less is asked. */
  readonly minors?: boolean;
  /** No yes is offered; a no still is. */
  readonly closed?: boolean;
  /** For reading only: nothing can be answered here. */
  readonly reading?: boolean;
}

/** The card: each purpose a row with two equal buttons. It is drawn from the very bytes that are hashed. */
export function Card({
  notice,
  recipient,
  rows,
  answer,
  mediumAnswer,
  decide,
  busy,
  fromBefore,
  reworded,
  standing,
  reach,
  below,
  bare = false,
  minors = false,
  closed = false,
  reading = false,
}: CardProps) {
  const { t } = useTranslation();
  const [full, setFull] = useState(false);
  const asks = JSON.stringify([notice.hash, recipient]);
  return (
    <div className="card-body">
      {!bare && (
        <div className="card-lead">
          {notice.lead.map((line, i) => (i === 0 ? <h2 key={line}>{line}</h2> : <p key={line}>{line}</p>))}
        </div>
      )}
      {minors && <p className="hint">{t('card.minors')}</p>}
      <ul className="rows">
        {rows.map((row) => (
          <Row
            key={row.purpose}
            row={row}
            asks={asks}
            answer={answer(row)}
            mediumAnswer={(medium) => mediumAnswer(row, medium)}
            decide={(yes, medium) => decide(row, yes, medium)}
            busy={busy?.(row) ?? false}
            before={fromBefore?.(row) ?? false}
            reworded={reworded?.get(row.purpose)}
            standing={standing?.(row)}
            below={below?.(row)}
            closed={closed}
            reading={reading}
          />
        ))}
      </ul>
      {reach}
      <div className="card-foot hint">
        <div>
          <p>{notice.foot.join(' ')}</p>
          {recipient && (
            <p>
              {t('card.works', {
                host: here(recipient.processor.host) ? t('card.thisServer') : recipient.processor.host,
                model: recipient.processor.model,
              })}
            </p>
          )}
        </div>
        <button type="button" className="plain" aria-expanded={full} onClick={() => setFull(!full)}>
          {full ? t('card.less') : t('card.fullText')}
        </button>
      </div>
      {full && (
        <div className="full">
          <FullText lines={notice.full} />
          <ul className="list bullets">
            <li>
              {t('card.controller')}: {notice.controller.name}
            </li>
            <li>
              {t('card.contact')}: {notice.controller.contact}
            </li>
            <li>
              {t('card.authority')}: {notice.controller.authority}
            </li>
          </ul>
          <p className="code quiet">
            {t('card.text')}: v{notice.version} · {notice.hash}
          </p>
        </div>
      )}
    </div>
  );
}

/** Paragraphs of a notice; the sentence that each begins with says what it is about. */
export function FullText({ lines }: { readonly lines: readonly string[] }) {
  return lines.map((line) => {
    const end = line.indexOf('. ') + 1;
    return (
      <p key={line}>
        {end > 0 && <strong>{line.slice(0, end)}</strong>}
        {line.slice(end)}
      </p>
    );
  });
}

interface RowProps {
  readonly row: NoticeRow;
  readonly asks: string;
  readonly answer: RowAnswer;
  readonly mediumAnswer: (medium: string) => RowAnswer;
  readonly decide: (yes: boolean, medium?: string) => void;
  readonly busy: boolean;
  readonly before: boolean;
  readonly reworded: Reworded | undefined;
  readonly standing: ReactNode;
  readonly below: ReactNode;
  readonly closed: boolean;
  readonly reading: boolean;
}

function Row({
  row,
  asks,
  answer,
  mediumAnswer,
  decide,
  busy,
  before,
  reworded,
  standing,
  below,
  closed,
  reading,
}: RowProps) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <li className="row" aria-busy={busy}>
      <div className="row-main">
        <div className="row-text">
          <h3 id={id}>{row.label}</h3>
          <p>
            {row.sentence}{' '}
            <button
              type="button"
              className="more"
              aria-expanded={open}
              aria-describedby={id}
              onClick={() => setOpen(!open)}
            >
              {open ? t('card.less') : t('card.more')}
            </button>
          </p>
          {standing ?? (before && <p className="hint">{t('card.before')}</p>)}
          {reworded && <WordsChanged reworded={reworded} />}
        </div>
        {!reading && (
          <YesNo
            label={row.label}
            asks={asks}
            answer={answer}
            busy={busy}
            closed={closed}
            decide={(yes) => decide(yes)}
          />
        )}
      </div>
      {below}
      {open && (
        <div className="row-details">
          <dl className="facts">
            <dt>{t('card.who')}</dt>
            <dd>{row.recipient}</dd>
            <dt>{t('card.howLong')}</dt>
            <dd>{row.retention}</dd>
            <dt>{t('card.undo')}</dt>
            <dd>{row.undo}</dd>
            <dt>{t('card.basis')}</dt>
            <dd>{row.basis}</dd>
          </dl>
          {row.media.length > 1 && !reading && (
            <div className="parts">
              <h4>{t('card.part')}</h4>
              {row.media.map(({ medium, label }) => (
                <div key={medium} className="part">
                  <span>{label}</span>
                  <YesNo
                    label={`${row.label}, ${label}`}
                    asks={asks}
                    answer={mediumAnswer(medium)}
                    busy={busy}
                    closed={closed}
                    decide={(yes) => decide(yes, medium)}
                  />
                </div>
              ))}
            </div>
          )}
        </div>
      )}
    </li>
  );
}

const TOLD_MS = 8_000;

/**
 * Two buttons of one size, weight and colour; neither is pressed until one is. While an answer is under way a yes does
 * nothing, but is not disabled: that would take the focus from under the keyboard. A no counts always, also one that
 * overtakes a yes; a yes by pointer only where it stood still.
 */
function YesNo({
  label,
  asks,
  answer,
  busy,
  closed,
  decide,
}: {
  readonly label: string;
  /** What a yes here is said to, as one text that differs where that does. */
  readonly asks: string;
  readonly answer: RowAnswer;
  readonly busy: boolean;
  readonly closed: boolean;
  readonly decide: (yes: boolean) => void;
}) {
  const { t } = useTranslation();
  const button = useRef<HTMLButtonElement>(null);
  const steady = useSteady(button, asks);
  const [moved, setMoved] = useState(false);
  useEffect(() => {
    if (!moved) return undefined;
    const timer = setTimeout(() => setMoved(false), TOLD_MS);
    return () => clearTimeout(timer);
  }, [moved]);
  const yes = ({ detail, currentTarget }: MouseEvent<HTMLButtonElement>) => {
    if (busy || closed) return;
    const meant = steady.meant(detail);
    setMoved(!meant);
    if (meant) decide(true);
    // Else the next key, meant for whatever was in use before, would give the yes that this press did not.
    else currentTarget.blur();
  };
  const no = () => {
    setMoved(false);
    decide(false);
  };
  return (
    <div className="yesno" role="group" aria-label={t('card.group', { label })}>
      <button
        ref={button}
        type="button"
        aria-pressed={answer === 'yes'}
        aria-disabled={busy || closed}
        onPointerDown={steady.pressed}
        onClick={yes}
      >
        {t('yes')}
      </button>
      <button type="button" aria-pressed={answer === 'no'} onClick={no}>
        {t('no')}
      </button>
      <p className={moved ? 'moved hint' : 'hidden'} role="status">
        {moved && t('card.moved')}
      </p>
    </div>
  );
}
