import { useTranslation } from 'react-i18next';
import type { Meeting } from '../api/client';
import { b64u, type Bytes } from '../bytes/bytes';
import { here, nameOf } from '../listening/recipient';
import { LogAlarm, useFinding } from '../log/LogAlarm';
import { NotReady, useLoaded } from '../preview/Preview';
import { list } from '../../words/words';
import { Link, Page } from '../../shell/ui';
import { AnswersCard } from './AnswersCard';
import { useAnswers } from './useAnswers';

/**
 * What somebody who was sent the link reads before the meeting: what may be asked, by whom and where it works, on the
 * same card as in the preview. It touches neither camera nor microphone, and sends nothing of what is chosen.
 */
export function Invitation({ id }: { readonly id: string }) {
  const loaded = useLoaded(id);
  return loaded.is === 'ready' ? (
    <Invited meeting={loaded.meeting} secret={loaded.secret} />
  ) : (
    <NotReady loaded={loaded} page="i" />
  );
}

function Invited({ meeting, secret }: { readonly meeting: Meeting; readonly secret: Bytes }) {
  const { t } = useTranslation();
  const answers = useAnswers(meeting);
  const finding = useFinding(meeting.log.vkey);
  const { notice, rows } = answers;
  const asked = notice !== undefined && rows.length > 0;
  return (
    <Page title={meeting.title === '' ? t('invitation.title') : meeting.title}>
      {answers.ready && (
        <>
          <p>{asked ? t('invitation.lead') : t('invitation.leadNothing')}</p>
          {finding && <LogAlarm finding={finding} />}
          {asked ? (
            <>
              <dl className="facts three">
                <div>
                  <dt>{t('invitation.used')}</dt>
                  <dd>{list(rows.map((row) => row.label))}</dd>
                </div>
                <div>
                  <dt>{t('invitation.by')}</dt>
                  <dd>
                    {t('invitation.byText', {
                      name: list(meeting.ai.recipients.map(nameOf)),
                      controller: notice.controller.name,
                    })}
                  </dd>
                </div>
                <div>
                  <dt>{t('invitation.where')}</dt>
                  {meeting.ai.recipients.map(({ id, processor }) => (
                    <dd key={id}>
                      {here(processor.host) ? t('card.thisServer') : processor.host} ({processor.model})
                    </dd>
                  ))}
                </div>
              </dl>
              <section className="panel" aria-label={t('card.title')}>
                <AnswersCard answers={answers} meeting={meeting} closed={finding !== undefined} tells />
                {!answers.keeps && <p>{t('errors.storage')}</p>}
              </section>
            </>
          ) : (
            <section className="panel" aria-label={t('card.title')}>
              <p>{answers.unreadable ? t('card.unreadable') : t('invitation.nothing')}</p>
              {meeting.minors === true && <p>{t('card.minors')}</p>}
            </section>
          )}
          <div className="actions start">
            <Link to={`/m/${meeting.id}#${b64u(secret)}`} className="button primary big">
              {t('landing.go')}
            </Link>
          </div>
        </>
      )}
    </Page>
  );
}
