import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, Problem } from '../api/client';
import { sentence } from '../api/sentences';
import { MEDIA, PURPOSES } from '../consent/notice';
import { readSlips, type BroughtSlip } from '../consent/receipt';
import { KnownLog } from '../log/memory';
import { currentVkey } from '../log/vkey';
import { Link, Page, Trouble } from '../../shell/ui';
import { isLogOf } from './slipLog';
import { takeBack, type Standing } from './withdrawal';
import { TakenBack } from './TakenBack';

interface Said {
  readonly slip: BroughtSlip;
  readonly stopped: Date;
  readonly standing: Standing | undefined;
  readonly refused: string | undefined;
  /** It was not refused for good: the same slip can be sent again. */
  readonly again: boolean;
  /** The slip does not name its log: that it is in this one could not be checked. */
  readonly unnamed: boolean;
}

function fromAddress(): readonly BroughtSlip[] {
  if (location.hash.length < 2) return [];
  try {
    return readSlips(location.hash);
  } catch {
    return [];
  }
}

/** Takes back with a slip alone: from a link, a file or pasted text. It needs no account, device or storage. */
export function Withdraw() {
  const { t } = useTranslation();
  const [slips, setSlips] = useState<readonly BroughtSlip[]>(fromAddress);
  const [pasted, setPasted] = useState('');
  const [wrong, setWrong] = useState(location.hash.length > 1 && slips.length === 0);
  const [said, setSaid] = useState<readonly Said[]>([]);
  const [working, setWorking] = useState(false);

  const bring = (input: string) => {
    try {
      setSlips(readSlips(input));
      setWrong(false);
    } catch {
      setWrong(input.trim() !== '');
    }
  };

  /** The slips stay here, and in the address, until each of them was answered for good. */
  const withdraw = async () => {
    setWorking(true);
    let log: Promise<KnownLog> | undefined;
    const before = new Map(said.map((one) => [one.slip.secret, one]));
    const story: Said[] = slips.map((slip) => {
      const known = before.get(slip.secret);
      return known && !known.again
        ? known
        : {
            slip,
            stopped: new Date(),
            standing: undefined,
            refused: undefined,
            again: false,
            unnamed: false,
          };
    });
    const show = (i: number, change: Partial<Said>) => {
      const now = story[i];
      if (now) story[i] = { ...now, ...change };
      setSaid([...story]);
    };
    await Promise.all(
      slips.map(async (slip, i) => {
        const known = before.get(slip.secret);
        if (known && !known.again) return;
        try {
          await takeBack(
            slip.secret,
            api,
            async () => {
              const ours = await (log ??= currentVkey().then((vkey) => KnownLog.of(vkey)));
              show(i, { unnamed: !(await isLogOf(slip, ours.by)) });
              return ours;
            },
            (standing) =>
              show(i, {
                standing,
                stopped: standing.is === 'promised' ? new Date() : (story[i]?.stopped ?? new Date()),
              }),
          );
        } catch (failure) {
          const status = failure instanceof Problem ? failure.status : undefined;
          show(i, {
            standing: undefined,
            refused:
              status === 404
                ? t('withdraw.unknown')
                : status === 409
                  ? t('withdraw.already')
                  : sentence(failure),
            again: status !== 404 && status !== 409,
          });
        }
      }),
    );
    if (!story.some((one) => one.again)) history.replaceState(null, '', '/withdraw');
    setWorking(false);
  };

  return (
    <Page title={t('withdraw.title')}>
      <p>{t('withdraw.text')}</p>
      {said.length === 0 ? (
        <section className="panel">
          {slips.length > 0 ? (
            <>
              <p>
                {slips.length === 1 ? t('withdraw.foundOne') : t('withdraw.found', { count: slips.length })}
              </p>
              <Named slips={slips} />
              <button
                type="button"
                className="button primary big"
                disabled={working}
                onClick={() => void withdraw()}
              >
                {t('withdraw.button')}
              </button>
            </>
          ) : (
            <>
              <label className="field">
                <span>{t('withdraw.paste')}</span>
                <textarea
                  rows={4}
                  className="code"
                  value={pasted}
                  onChange={(e) => {
                    setPasted(e.target.value);
                    bring(e.target.value);
                  }}
                />
              </label>
              <label className="button file">
                <span>{t('withdraw.file')}</span>
                <input
                  type="file"
                  className="hidden"
                  accept=".json,application/json,text/plain"
                  onChange={(e) => {
                    const [file] = e.target.files ?? [];
                    if (file && file.size < 65536) void file.text().then(bring);
                    else setWrong(file !== undefined);
                  }}
                />
              </label>
              {wrong && <Trouble>{t('withdraw.wrong')}</Trouble>}
            </>
          )}
        </section>
      ) : (
        <section className="panel" aria-live="polite">
          {said.map(
            ({ slip, refused }) => refused !== undefined && <Trouble key={slip.secret}>{refused}</Trouble>,
          )}
          <TakenBack
            parts={said.flatMap(({ slip, stopped, standing, refused }) =>
              refused === undefined && standing
                ? [
                    {
                      handle: slip.secret,
                      name: nameOf(slip, t) || undefined,
                      stopped,
                      standing,
                      withdrawal: undefined,
                    },
                  ]
                : [],
            )}
            vkey=""
          />
          {said.some((s) => s.unnamed) && <p className="hint">{t('withdraw.unnamed')}</p>}
          {said.some((s) => s.again) && <p>{t('withdraw.notYet')}</p>}
          {said.some((s) => s.again) && (
            <button
              type="button"
              className="button primary"
              disabled={working}
              onClick={() => void withdraw()}
            >
              {t('tryAgain')}
            </button>
          )}
          {said.some((s) => s.standing) && (
            <p className="hint">
              {t('withdraw.more')} <Link to="/me">{t('nav.me')}</Link>
            </p>
          )}
        </section>
      )}
    </Page>
  );
}

type T = ReturnType<typeof useTranslation>['t'];

function nameOf(slip: BroughtSlip, t: T): string {
  const purpose = PURPOSES.find((p) => p === slip.purpose);
  const medium = MEDIA.find((m) => m === slip.medium);
  return purpose && medium ? `${t(`purposes.${purpose}`)} · ${t(`media.${medium}`)}` : '';
}

function Named({ slips }: { readonly slips: readonly BroughtSlip[] }) {
  const { t } = useTranslation();
  const names = slips.map((slip) => nameOf(slip, t)).filter((n) => n !== '');
  return names.length === 0 ? null : (
    <ul className="list bullets">
      {names.map((n) => (
        <li key={n}>{n}</li>
      ))}
    </ul>
  );
}
