import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useStore } from '../../shell/store';
import { Icon, save, Trouble } from '../../shell/ui';
import { findingFile, type Finding } from './fork';
import type { Compared } from './gossip';
import { findings, KnownLog } from './memory';

/** What was found wrong with the log, what it means for the person, and the proof to keep. It stays until they leave. */
export function LogAlarm({ finding }: { readonly finding: Finding }) {
  const { t } = useTranslation();
  return (
    <Trouble>
      <div className="stack">
        <p>
          <strong>{t(`broken.${finding.is}`)}</strong>
        </p>
        <p>{finding.is === 'fork' ? t(`broken.${finding.between}`) : t('broken.backText')}</p>
        <p>{t('broken.means')}</p>
        <p className="hint">{t('broken.saveText')}</p>
        <div>
          <button
            type="button"
            className="button"
            onClick={() => save(`aye-log-${finding.is}.json`, findingFile(finding))}
          >
            <Icon name="down" />
            {t('broken.save')}
          </button>
        </div>
      </div>
    </Trouble>
  );
}

/** How one's own view of the log stands to that of the others here. */
export function LogCompared({ compared }: { readonly compared: Compared }) {
  const { t } = useTranslation();
  const { others, same, unshown, otherKey, looking } = compared;
  if (others === 0) return null;
  return (
    <p className="hint">
      {[
        looking === 'failing'
          ? t('broken.failing')
          : same > 0
            ? t('broken.same', { same, others })
            : t('broken.waiting'),
        unshown > 0 && t('broken.unshown', { number: unshown }),
        otherKey > 0 && t('broken.otherKey', { number: otherKey }),
      ]
        .filter(Boolean)
        .join(' ')}
    </p>
  );
}

/** What was found wrong with the log of this key, here or on an earlier visit. */
export function useFinding(vkey: string): Finding | undefined {
  const { found } = useStore(findings);
  useEffect(() => {
    // A log that cannot be checked here has nothing found; whatever needs it says why it cannot be used.
    KnownLog.of(vkey)
      .then((log) => log.finding())
      .catch((failure: unknown) => console.warn('log: what was found before could not be read', failure));
  }, [vkey]);
  return found.get(vkey);
}
