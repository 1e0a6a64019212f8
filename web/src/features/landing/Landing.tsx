import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import { sentence } from '../api/sentences';
import { b64u, sha256, unb64u } from '../bytes/bytes';
import { createdRooms, rememberCreated, type CreatedMeeting } from '../consent/keeping';
import { day } from '../../words/words';
import { go } from '../../shell/route';
import { Icon, Page, Trouble, type IconName } from '../../shell/ui';
import { knockAtDoor } from '../encryption/secret';
import { Share } from '../invitation/Share';
import { MinorsCheck } from '../room/HostPanel';
import { drawLinkSecret, rememberLink } from './link';

type State =
  | { readonly is: 'asking' | 'making' }
  | { readonly is: 'made'; readonly link: string; readonly path: string; readonly minors: boolean }
  | { readonly is: 'failed'; readonly why: string };

export function Landing() {
  const { t } = useTranslation();
  const [title, setTitle] = useState('');
  const [minors, setMinors] = useState(false);
  const [rooms, setRooms] = useState<readonly CreatedMeeting[]>([]);
  const [after, setAfter] = useState(() => new URLSearchParams(location.search).get('after') ?? '');
  const [state, setState] = useState<State>({ is: 'asking' });

  useEffect(() => {
    let live = true;
    void createdRooms().then((all) => live && setRooms(all.slice(0, MOST_ROOMS)));
    return () => {
      live = false;
    };
  }, []);

  const make = async () => {
    setState({ is: 'making' });
    try {
      const secret = drawLinkSecret();
      const door = b64u(await sha256(await knockAtDoor(unb64u(secret, 32))));
      const before = rooms.find((room) => room.meeting === after);
      const { id, link, hostKey } = await api.createMeeting({ title: title.trim(), door, minors }, before);
      rememberLink(id, secret);
      await rememberCreated({
        meeting: id,
        hostKey,
        secret,
        title: title.trim(),
        at: new Date().toISOString(),
        ...(before ? { after: before.meeting } : {}),
      });
      // The operator may have said so for all meetings here.
      const said = await api.meeting(id).catch(() => undefined);
      setState({
        is: 'made',
        link: `${link}#${secret}`,
        path: `/m/${id}#${secret}`,
        minors: said?.minors ?? minors,
      });
    } catch (failure) {
      setState({ is: 'failed', why: sentence(failure) });
    }
  };

  return (
    <Page wide>
      <section className="hero">
        <div>
          <h1>{t('landing.lead')}</h1>
          <p className="lead">{t('landing.text')}</p>
        </div>
        <div className="panel raised">
          {state.is === 'made' ? (
            <>
              <h2>{t('landing.ready')}</h2>
              <label className="field">
                <span>{t('landing.linkLabel')}</span>
                <input readOnly value={state.link} onFocus={(e) => e.target.select()} className="code" />
              </label>
              <p className="hint">{t('landing.linkSecret')}</p>
              <p className="hint">{t('invitation.shareText')}</p>
              {state.minors && <p className="hint">{t('card.minors')}</p>}
              <div className="actions">
                <Share link={state.link} title={title.trim()} />
                <button type="button" className="button primary" onClick={() => go(state.path)}>
                  {t('landing.go')}
                </button>
              </div>
            </>
          ) : (
            <form
              onSubmit={(event) => {
                event.preventDefault();
                void make();
              }}
            >
              <label className="field">
                <span>{t('landing.title')}</span>
                <input
                  value={title}
                  maxLength={100}
                  placeholder={t('landing.titlePlaceholder')}
                  onChange={(e) => setTitle(e.target.value)}
                />
              </label>
              {rooms.length > 0 && (
                <label className="field">
                  <span>{t('landing.room')}</span>
                  <select value={after} onChange={(e) => setAfter(e.target.value)}>
                    <option value="">{t('landing.roomNew')}</option>
                    {rooms.map((room) => (
                      <option key={room.meeting} value={room.meeting}>
                        {roomName(room, t('preview.untitled'))}
                      </option>
                    ))}
                  </select>
                  {after !== '' && <small className="hint">{t('landing.roomText')}</small>}
                </label>
              )}
              <MinorsCheck minors={minors} say={setMinors} />
              {state.is === 'failed' && <Trouble>{state.why}</Trouble>}
              <button type="submit" className="button primary big" disabled={state.is === 'making'}>
                {state.is === 'making' ? t('landing.creating') : t('landing.create')}
              </button>
            </form>
          )}
        </div>
      </section>
      <ul className="points">
        <Point icon="lock" title={t('landing.points.encrypted')} text={t('landing.points.encryptedText')} />
        <Point icon="person" title={t('landing.points.choice')} text={t('landing.points.choiceText')} />
        <Point icon="check" title={t('landing.points.proof')} text={t('landing.points.proofText')} />
      </ul>
    </Page>
  );
}

/** A longer list helps nobody. */
const MOST_ROOMS = 8;

function roomName({ title, at }: CreatedMeeting, untitled: string): string {
  const name = title === '' ? untitled : title;
  return at === undefined ? name : `${name} · ${day(new Date(at))}`;
}

function Point({
  icon,
  title,
  text,
}: {
  readonly icon: IconName;
  readonly title: string;
  readonly text: string;
}) {
  return (
    <li>
      <Icon name={icon} />
      <div>
        <h2>{title}</h2>
        <p>{text}</p>
      </div>
    </li>
  );
}
