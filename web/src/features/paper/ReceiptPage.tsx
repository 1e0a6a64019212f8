import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { besides, whyUnchecked } from '../api/sentences';
import { receiptFile, receiptName } from '../consent/keeping';
import { NoticeText } from '../consent/NoticeText';
import { BadReceipt, type Receipt } from '../consent/receiptReader';
import { here, nameOf } from '../listening/recipient';
import { KnownLog } from '../log/memory';
import { typeable } from '../log/vkey';
import { day } from '../../words/words';
import { go } from '../../shell/route';
import { Icon, Link, Page, save, Trouble } from '../../shell/ui';
import { broughtAs, keptHere, paperOf, verdict, type Found, type Paper } from './paper';

type State =
  | { readonly is: 'waiting' }
  | { readonly is: 'looking' }
  | { readonly is: 'missing' }
  | { readonly is: 'failed'; readonly why: unknown; readonly find: Find }
  | { readonly is: 'read'; readonly paper: Paper; readonly find: Find };

type Find = () => Promise<Found | undefined>;

async function stateOf(find: Find): Promise<State> {
  try {
    const one = await find();
    if (!one) return { is: 'missing' };
    return { is: 'read', paper: await paperOf(one, (vkey) => KnownLog.of(vkey), new Date()), find };
  } catch (why) {
    console.warn('paper', why);
    return { is: 'failed', why, find };
  }
}

/** One receipt to read and to print: one of this device by its id, or one from a file. */
export function ReceiptPage({ id }: { readonly id: string | undefined }) {
  const { t } = useTranslation();
  const [state, setState] = useState<State>({ is: id === undefined ? 'waiting' : 'looking' });
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (id !== undefined) void stateOf(() => keptHere(id)).then(setState);
  }, [id]);
  const look = (find: Find) => {
    setState({ is: 'looking' });
    void stateOf(find).then(setState);
  };
  const take = (files: FileList | null) => {
    const file = files?.[0];
    if (!file) return;
    look(() => broughtAs(file));
  };
  const title = state.is === 'read' || id !== undefined ? t('paper.title') : t('paper.fileTitle');
  return (
    <div
      className={over ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer.files);
      }}
    >
      <Page title={title}>
        {state.is === 'looking' && <p className="quiet">{t('paper.looking')}</p>}
        {state.is === 'missing' && <p>{t('paper.missing')}</p>}
        {state.is === 'failed' && (
          <Trouble>
            <p>
              <strong>
                {t(state.why instanceof BadReceipt ? 'paper.notOne' : 'paper.verdicts.unchecked')}
              </strong>
            </p>
            <p>
              {state.why instanceof BadReceipt ? t(`paper.flaws.${state.why.slug}`) : whyUnchecked(state.why)}
            </p>
            {!(state.why instanceof BadReceipt) && <Again onClick={() => look(state.find)} />}
          </Trouble>
        )}
        {state.is === 'read' && <Sheet paper={state.paper} again={() => look(state.find)} />}
        {state.is !== 'looking' && state.is !== 'read' && (
          <section className="panel screen-only">
            <p>{t('paper.fileText')}</p>
            <div>
              <FileButton take={take} />
            </div>
          </section>
        )}
      </Page>
    </div>
  );
}

function Again({ onClick }: { readonly onClick: () => void }) {
  const { t } = useTranslation();
  return (
    <button type="button" className="button screen-only" onClick={onClick}>
      {t('tryAgain')}
    </button>
  );
}

function FileButton({ take }: { readonly take: (files: FileList | null) => void }) {
  const { t } = useTranslation();
  return (
    <label className="button file">
      <span>{t('paper.choose')}</span>
      <input
        type="file"
        className="hidden"
        accept=".json,application/json"
        onChange={(event) => take(event.target.files)}
      />
    </label>
  );
}

/** What is printed. It holds nothing that takes a yes back: a receipt may be shown to others, a slip may not. */
function Sheet({ paper, again }: { readonly paper: Paper; readonly again: () => void }) {
  const { t } = useTranslation();
  const { receipt, text, file, vkey } = paper;
  const notice = text.is === 'shown' ? text.notice : undefined;
  const name = receiptName(file.index);
  return (
    <article className="sheet">
      <p className="hint">{t('paper.text')}</p>
      <div className="actions start screen-only">
        <button type="button" className="button primary" onClick={() => window.print()}>
          {t('paper.print')}
        </button>
        <button type="button" className="button" onClick={() => save(name, receiptFile(file))}>
          <Icon name="down" />
          {t('me.saveReceipt')}
        </button>
        <button type="button" className="button" onClick={() => go('/me')}>
          {t('nav.me')}
        </button>
      </div>
      <Checks paper={paper} again={again} />
      <Part title={t('paper.about')}>
        <dl className="facts pairs">
          <Fact name={t('paper.meeting')}>
            {paper.title === undefined || paper.title === '' ? (
              <span className="code">{receipt.meeting}</span>
            ) : (
              paper.title
            )}
          </Fact>
          <Fact name={t('paper.when')}>
            {day(new Date(receipt.issued))} <span className="code quiet">{receipt.issued}</span>
          </Fact>
          <Fact name={t('card.controller')}>{receipt.controller}</Fact>
          {notice && (
            <>
              <Fact name={t('card.contact')}>{notice.controller.contact}</Fact>
              <Fact name={t('card.authority')}>{notice.controller.authority}</Fact>
            </>
          )}
          <Fact name={t('paper.recipient')}>
            {nameOf({ id: receipt.recipient.id, name: receipt.recipient.id })}
          </Fact>
          <Fact name={t('paper.works')}>
            {t('paper.processor', {
              host: here(receipt.recipient.processor.host)
                ? t('card.thisServer')
                : receipt.recipient.processor.host,
              model: receipt.recipient.processor.model,
            })}
          </Fact>
          <Fact name={t('paper.reach')}>
            <Reach receipt={receipt} />
          </Fact>
        </dl>
      </Part>
      <Part title={t('paper.answers')}>
        {notice ? (
          <NoticeText
            notice={notice}
            level={3}
            said={(purpose, medium) =>
              receipt.choices.find((c) => c.purpose === purpose && c.medium === medium)?.state ?? 'open'
            }
          />
        ) : (
          <ul className="list">
            {receipt.choices.map((c) => (
              <li key={`${c.purpose} ${c.medium}`}>
                <strong>{t(c.state === 'given' ? 'yes' : 'no')}</strong> · {t(`purposes.${c.purpose}`)},{' '}
                {t(`media.${c.medium}`)}
              </li>
            ))}
          </ul>
        )}
      </Part>
      <p>{t('paper.later')}</p>
      <p>{t('paper.noSlip')}</p>
      <Part title={t('paper.check')}>
        <p>{t('paper.checkText')}</p>
        <pre className="code">{`./aye verify ${name} --vkey '${typeable(vkey)}'`}</pre>
      </Part>
      <Part title={t('paper.numbers')}>
        <dl className="facts pairs small">
          <Fact name={t('paper.ids.receipt')} code>
            {receipt.id}
          </Fact>
          <Fact name={t('paper.ids.meeting')} code>
            {receipt.meeting}
          </Fact>
          <Fact name={t('paper.ids.participant')} code>
            {receipt.participant}
          </Fact>
          <Fact name={t('paper.ids.person')} code>
            {receipt.person}
          </Fact>
          <Fact name={t('paper.ids.recipientKey')} code>
            {paper.recipientKey}
          </Fact>
          <Fact name={t('paper.ids.notice')} code>
            v{receipt.notice.version} {receipt.notice.locale} {receipt.notice.hash}
          </Fact>
          <Fact name={t('paper.ids.log')} code>
            {receipt.origin}
          </Fact>
          <Fact name={t('paper.ids.entry')} code>
            {file.index} · {paper.commitment}
          </Fact>
          {receipt.choices.map((c) => (
            <Fact
              key={`${c.purpose} ${c.medium}`}
              name={`${t(`purposes.${c.purpose}`)}, ${t(`media.${c.medium}`)}`}
              code
            >
              {c.handle ?? t('paper.noHandle')}
            </Fact>
          ))}
        </dl>
        <p className="hint">{t('paper.handles')}</p>
      </Part>
      <p className="screen-only">
        <Link to="/me/receipt">{t('paper.another')}</Link>
      </p>
    </article>
  );
}

function Checks({ paper, again }: { readonly paper: Paper; readonly again: () => void }) {
  const { t } = useTranslation();
  const { text, log } = paper;
  const found = verdict(paper);
  const holds = found === 'holds';
  const lines: { holds: boolean; says: string }[] = [
    { holds: true, says: t('paper.checks.signature') },
    text.is === 'shown'
      ? { holds: true, says: t('paper.checks.text') }
      : text.is === 'absent'
        ? { holds: true, says: t('paper.checks.textAbsent') }
        : { holds: false, says: t(`paper.checks.textWrong.${text.how}`) },
    log.is === 'proved'
      ? { holds: true, says: t('paper.checks.log', { index: log.index, size: log.size }) }
      : log.is === 'elsewhere'
        ? { holds: false, says: t('paper.checks.logElsewhere', { origin: paper.receipt.origin }) }
        : log.is === 'unchecked'
          ? { holds: false, says: t('paper.checks.logUnchecked', { why: whyUnchecked(log.why) }) }
          : { holds: false, says: t('paper.checks.logWrong', { why: besides(log.why) }) },
  ];
  return (
    <section className={found === 'wrong' ? 'panel checks wrong' : 'panel checks'} role="status">
      <h2>
        <Icon name={holds ? 'check' : 'warn'} />
        {t(`paper.verdicts.${found}`)}
      </h2>
      <ul className="list">
        {lines.map((line) => (
          <li key={line.says} className="verdict">
            <Icon name={line.holds ? 'check' : 'warn'} />
            <span>{line.says}</span>
          </li>
        ))}
      </ul>
      {log.is === 'unchecked' && (
        <div>
          <Again onClick={again} />
        </div>
      )}
      <p className="hint">{t('paper.checkedAt', { when: day(paper.checked), where: location.host })}</p>
    </section>
  );
}

function Reach({ receipt: { scope } }: { readonly receipt: Receipt }) {
  const { t } = useTranslation();
  switch (scope.kind) {
    case 'meeting':
      return t('paper.reaches.meeting');
    case 'room':
      return t('paper.reaches.room', { until: day(new Date(scope.until)) });
    case 'organisation':
      return t('paper.reaches.organisation', { until: day(new Date(scope.until)) });
  }
}

function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className="panel">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Fact({
  name,
  code = false,
  children,
}: {
  readonly name: string;
  readonly code?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={code ? 'code' : undefined}>{children}</dd>
    </div>
  );
}
