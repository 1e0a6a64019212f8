import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/client';
import { besides, whyUnchecked } from '../api/sentences';
import { b64 } from '../bytes/bytes';
import { LogAlarm } from '../log/LogAlarm';
import { findings } from '../log/memory';
import { unchecked } from '../log/unchecked';
import { typeable } from '../log/vkey';
import { bytesOf, day, list } from '../../words/words';
import { useStore } from '../../shell/store';
import { Icon, Page, Trouble } from '../../shell/ui';
import { lookAtBuild, lookAtLog, lookAtNotices, lookAtWitnesses, type SeenBuild, type SeenLog } from './look';
import { Versions } from './Versions';
import type { Watched, Watching } from './witnesses';

/** For a sceptic: the log, its witnesses, every text, the pages themselves, each checked here, and the limits. */
export function Transparency() {
  const { t } = useTranslation();
  const { found } = useStore(findings);
  const log = useLook(lookAtLog);
  return (
    <Page title={t('transparency.title')} wide>
      <p>{t('transparency.text')}</p>
      {[...found].map(([vkey, finding]) => (
        <LogAlarm key={vkey} finding={finding} />
      ))}
      <section className="panel">
        <h2>{t('transparency.log')}</h2>
        <p>{t('transparency.logText')}</p>
        <Looked at={log}>{(seen) => <TheLog seen={seen} />}</Looked>
      </section>
      {log.is === 'seen' && (
        <>
          <Section title={t('transparency.witnesses.title')} text={t('transparency.witnesses.text')}>
            <Look by={() => lookAtWitnesses(log.value)}>
              {(watched) => <Witnesses watched={watched} size={log.value.checkpoint.size} />}
            </Look>
          </Section>
          <Section title={t('transparency.notices')} text={t('transparency.noticesText')}>
            <Look by={() => lookAtNotices(log.value)}>{(versions) => <Versions versions={versions} />}</Look>
          </Section>
          <Section title={t('transparency.pages')} text={t('transparency.pagesText')}>
            <Look by={() => lookAtBuild(log.value)}>{(build) => <Pages build={build} />}</Look>
          </Section>
        </>
      )}
      <Section title={t('transparency.collected')}>
        <Collected />
      </Section>
      {log.is === 'seen' && <Commands seen={log.value} />}
      <section className="panel">
        <h2>{t('transparency.limits')}</h2>
        <ul className="list bullets">
          {LIMITS.map((limit) => (
            <li key={limit}>{t(`transparency.limit.${limit}`)}</li>
          ))}
        </ul>
      </section>
    </Page>
  );
}

const LIMITS = ['proof', 'page', 'film', 'shown', 'names', 'link', 'export'] as const;

type Looking<T> =
  | { readonly is: 'looking' }
  | { readonly is: 'seen'; readonly value: T }
  | { readonly is: 'failed'; readonly why: unknown; readonly again: () => void };

/** Looks once, and again when told to. */
function useLook<T>(by: () => Promise<T>): Looking<T> {
  const [at, setAt] = useState<Looking<T>>({ is: 'looking' });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const again = () => {
      setAt({ is: 'looking' });
      setTurn(turn + 1);
    };
    by().then(
      (value) => setAt({ is: 'seen', value }),
      (why: unknown) => {
        console.warn('transparency', why);
        setAt({ is: 'failed', why, again });
      },
    );
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [turn]);
  return at;
}

function Look<T>({
  by,
  children,
}: {
  readonly by: () => Promise<T>;
  readonly children: (value: T) => ReactNode;
}) {
  return <Looked at={useLook(by)}>{children}</Looked>;
}

function Looked<T>({
  at,
  children,
}: {
  readonly at: Looking<T>;
  readonly children: (value: T) => ReactNode;
}) {
  const { t } = useTranslation();
  if (at.is === 'looking') return <p className="quiet">{t('transparency.looking')}</p>;
  if (at.is === 'seen') return children(at.value);
  if (at.why instanceof Problem && at.why.slug === 'no-pages') return <p>{t('transparency.pagesNone')}</p>;
  return (
    <Trouble>
      <p>{t('transparency.failed', { why: whyUnchecked(at.why) })}</p>
      <button type="button" className="button" onClick={at.again}>
        {t('tryAgain')}
      </button>
    </Trouble>
  );
}

function Section({
  title,
  text,
  children,
}: {
  readonly title: string;
  readonly text?: string;
  readonly children: ReactNode;
}) {
  return (
    <section className="panel">
      <h2>{title}</h2>
      {text !== undefined && <p>{text}</p>}
      {children}
    </section>
  );
}

/** What a check came to, in a sentence. */
function Verdict({ holds, children }: { readonly holds: boolean; readonly children: ReactNode }) {
  return (
    <p className="verdict" role="status">
      <Icon name={holds ? 'check' : 'warn'} />
      <span>{children}</span>
    </p>
  );
}

function TheLog({ seen }: { readonly seen: SeenLog }) {
  const { t } = useTranslation();
  const { checkpoint, log, latest } = seen;
  return (
    <>
      <Verdict holds>{t('transparency.checkedNow')}</Verdict>
      <dl className="facts wide">
        <dt>{t('transparency.origin')}</dt>
        <dd className="code">{checkpoint.origin}</dd>
        <dt>{t('transparency.key')}</dt>
        <dd className="code">{log.by.vkey}</dd>
        <dt>{t('transparency.size')}</dt>
        <dd className="code">{checkpoint.size}</dd>
        <dt>{t('transparency.root')}</dt>
        <dd className="code">{b64(checkpoint.root)}</dd>
      </dl>
      {latest.length > 0 && (
        <details>
          <summary>{t('transparency.latest')}</summary>
          <ol className="entries code">
            {latest.map((e) => (
              <li key={e.index}>
                <span>{e.index}</span> <b>{e.kind}</b> {e.body}
              </li>
            ))}
          </ol>
        </details>
      )}
    </>
  );
}

function Witnesses({ watched, size }: { readonly watched: Watched; readonly size: number }) {
  const { t } = useTranslation();
  const { quorum, witnesses, enough } = watched;
  if (witnesses.length === 0)
    return (
      <>
        <p>
          <strong>{t('transparency.witnesses.none')}</strong>
        </p>
        <p>{t('transparency.witnesses.noneMeans')}</p>
      </>
    );
  return (
    <>
      {quorum === 0 ? (
        <p>{t('transparency.witnesses.noQuorum')}</p>
      ) : (
        <Verdict holds={enough !== undefined}>
          {t('transparency.witnesses.quorum', { quorum, of: witnesses.length })}{' '}
          {enough === undefined
            ? t('transparency.witnesses.few')
            : enough === size
              ? t('transparency.witnesses.enough', { size })
              : t('transparency.witnesses.some', { enough, size })}
        </Verdict>
      )}
      <ul className="witnesses">
        {witnesses.map((witness) => (
          <li key={witness.vkey}>
            <h3>{witness.name}</h3>
            <p>
              <Seen witness={witness} />
            </p>
            <p className="code quiet">{witness.vkey}</p>
          </li>
        ))}
      </ul>
    </>
  );
}

function Seen({ witness: { is } }: { readonly witness: Watching }) {
  const { t } = useTranslation();
  switch (is.seen) {
    case 'newest':
      return t('transparency.witnesses.newest', { when: day(is.at) });
    case 'earlier':
      return t('transparency.witnesses.earlier', { when: day(is.at), size: is.size });
    case 'told':
      return t('transparency.witnesses.told', { when: day(is.at), size: is.size });
    case 'never':
      return t('transparency.witnesses.never');
    case 'wrongKey':
      return t('transparency.witnesses.wrongKey');
  }
}

function Pages({ build }: { readonly build: SeenBuild }) {
  const { t } = useTranslation();
  const { hash, told, index, files, bytes, other, strange, unproved } = build;
  const why = [
    ...(other.length > 0 ? [t('transparency.pagesOther', { files: list(other) })] : []),
    ...(strange.length > 0 ? [t('transparency.pagesStrange', { files: list(strange) })] : []),
    besides(unproved),
  ];
  const listed = other.length + strange.length === 0 && hash === told;
  const holds = listed && unproved === undefined;
  return (
    <>
      <Verdict holds={holds}>
        {holds
          ? t('transparency.pagesProved', { files, index })
          : listed && unchecked(unproved)
            ? t('transparency.pagesUnchecked', { files, why: whyUnchecked(unproved) })
            : t('transparency.pagesWrong', { why: why.join(' ').trim() })}
      </Verdict>
      <dl className="facts wide">
        <dt>{t('transparency.hash')}</dt>
        <dd className="code">{hash}</dd>
        <dt>{t('transparency.files')}</dt>
        <dd>{t('transparency.filesOf', { files, size: bytesOf(bytes) })}</dd>
      </dl>
      <p className="hint">{t('transparency.pagesSelf')}</p>
    </>
  );
}

const COLLECTED = [
  'name',
  'seat',
  'traffic',
  'media',
  'answer',
  'log',
  'captions',
  'notes',
  'training',
] as const;
const COLUMNS = ['what', 'from', 'where', 'long', 'who'] as const;

function Collected() {
  const { t } = useTranslation();
  return (
    <>
      <p>{t('transparency.collectedText')}</p>
      <table className="collected">
        <thead>
          <tr>
            {COLUMNS.map((column) => (
              <th key={column} scope="col">
                {t(`transparency.columns.${column}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {COLLECTED.map((row) => (
            <tr key={row}>
              {COLUMNS.map((column) => {
                const text = t(`transparency.rows.${row}.${column}`);
                return column === 'what' ? (
                  <th key={column} scope="row">
                    {text}
                  </th>
                ) : (
                  <td key={column} data-column={t(`transparency.columns.${column}`)}>
                    {text}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <p>{t('transparency.device')}</p>
    </>
  );
}

function Commands({ seen }: { readonly seen: SeenLog }) {
  const { t } = useTranslation();
  const log = `${location.origin}/log`;
  const key = `--vkey '${typeable(seen.log.by.vkey)}'`;
  const commands = {
    receipt: `./aye verify ${seen.receipt} ${key}`,
    log: `./aye verify ${log} ${key}`,
    pages: `(cd web && npm ci && npm run build)\n./aye verify web/dist --log ${log} ${key}`,
  } as const;
  return (
    <section className="panel">
      <h2>{t('transparency.verify')}</h2>
      <p>{t('transparency.verifyText', { url: `${log}/` })}</p>
      <dl className="commands">
        {(['receipt', 'log', 'pages'] as const).map((what) => (
          <div key={what}>
            <dt>{t(`transparency.paths.${what}`)}</dt>
            <dd>
              <pre className="code">{commands[what]}</pre>
            </dd>
          </div>
        ))}
      </dl>
      <p className="hint">{t('transparency.verifyMore')}</p>
    </section>
  );
}
