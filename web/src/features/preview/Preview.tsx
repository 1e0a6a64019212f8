import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, type Meeting } from '../api/client';
import { sentence } from '../api/sentences';
import { b64u, type Bytes } from '../bytes/bytes';
import { rowAnswer } from '../consent/answers';
import { createdMeeting } from '../consent/keeping';
import { deviceToJoin } from '../consent/standing';
import { canEncryptFrames } from '../encryption/frames';
import { knockAtDoor } from '../encryption/secret';
import { AnswersCard, isFromBefore } from '../invitation/AnswersCard';
import { forgetChosen } from '../invitation/chosen';
import { useAnswers } from '../invitation/useAnswers';
import { findLinkSecret, readLink } from '../landing/link';
import { LogAlarm, useFinding } from '../log/LogAlarm';
import { RoomModel } from '../room/roomModel';
import { recall, remember } from '../../shell/remember';
import { go } from '../../shell/route';
import { useStore } from '../../shell/store';
import { Icon, Level, Link, Page, Trouble } from '../../shell/ui';
import { LocalMedia } from './localMedia';

export type Loaded =
  | { readonly is: 'loading' | 'incomplete' | 'cannot' | 'over' }
  | { readonly is: 'failed'; readonly why: string }
  | { readonly is: 'ready'; readonly meeting: Meeting; readonly secret: Bytes };

/** What one sees before joining. Choices made here stay in this browser until one joins. */
export function Preview({ id, joined }: { readonly id: string; readonly joined: (room: RoomModel) => void }) {
  const loaded = useLoaded(id, canEncryptFrames());
  return loaded.is === 'ready' ? (
    <Ready meeting={loaded.meeting} secret={loaded.secret} joined={joined} />
  ) : (
    <NotReady loaded={loaded} page="m" />
  );
}

/** The meeting of a link, or why it cannot be shown. */
export function useLoaded(id: string, can = true): Loaded {
  const [loaded, setLoaded] = useState<Loaded>({ is: 'loading' });
  useEffect(() => {
    let live = true;
    const load = async (): Promise<Loaded> => {
      if (!can) return { is: 'cannot' };
      const secret = await findLinkSecret(id, location.hash);
      const meeting = await api.meeting(id);
      if (meeting.ended === true) {
        try {
          forgetChosen(id);
        } catch (failure) {
          console.warn('nothing is stored here', failure);
        }
        return { is: 'over' };
      }
      return secret ? { is: 'ready', meeting, secret } : { is: 'incomplete' };
    };
    load()
      .catch((failure: unknown): Loaded => ({ is: 'failed', why: sentence(failure) }))
      .then((result) => live && setLoaded(result))
      .catch(console.error);
    return () => {
      live = false;
    };
  }, [id, can]);
  return loaded;
}

/** What is there instead of a meeting: it is on its way, over, or cannot be opened. */
export function NotReady({
  loaded,
  page,
}: {
  readonly loaded: Exclude<Loaded, { is: 'ready' }>;
  readonly page: 'm' | 'i';
}) {
  const { t } = useTranslation();
  switch (loaded.is) {
    case 'loading':
      return (
        <Page>
          <p className="quiet">{t('loading')}</p>
        </Page>
      );
    case 'cannot':
      return (
        <Page title={t('preview.cannotEncrypt')}>
          <p>{t('preview.cannotEncryptText')}</p>
        </Page>
      );
    case 'failed':
      return (
        <Page title={t('preview.failed')}>
          <Trouble>{loaded.why}</Trouble>
          <div className="actions start">
            <button type="button" className="button" onClick={() => location.reload()}>
              {t('tryAgain')}
            </button>
            <Link to="/" className="button">
              {t('nav.start')}
            </Link>
          </div>
        </Page>
      );
    case 'over':
      return (
        <Page title={t('preview.over')}>
          <p>{t('preview.overText')}</p>
          <div className="actions start">
            <Link to="/" className="button">
              {t('nav.start')}
            </Link>
            <Link to="/me" className="button">
              {t('nav.me')}
            </Link>
          </div>
        </Page>
      );
    case 'incomplete':
      return <Incomplete page={page} />;
  }
}

function Incomplete({ page }: { readonly page: 'm' | 'i' }) {
  const { t } = useTranslation();
  const [link, setLink] = useState('');
  const whole = readLink(link);
  return (
    <Page title={t('preview.incomplete')}>
      <p>{t('preview.incompleteText')}</p>
      <form
        className="panel"
        onSubmit={(event) => {
          event.preventDefault();
          if (whole) go(`/${page}/${whole.meeting}#${whole.secret}`);
        }}
      >
        <label className="field">
          <span>{t('preview.pasteLink')}</span>
          <input value={link} onChange={(e) => setLink(e.target.value)} className="code" autoComplete="off" />
        </label>
        <button type="submit" className="button primary" disabled={!whole}>
          {t('preview.useLink')}
        </button>
      </form>
    </Page>
  );
}

interface ReadyProps {
  readonly meeting: Meeting;
  readonly secret: Bytes;
  readonly joined: (room: RoomModel) => void;
}

function Ready({ meeting, secret, joined }: ReadyProps) {
  const { t } = useTranslation();
  const [media] = useState(() => new LocalMedia());
  const local = useStore(media.store);
  const handedOver = useRef(false);
  const [name, setName] = useState(() => recall('browser', 'aye.name') ?? '');
  const answers = useAnswers(meeting);
  const [unfolded, setUnfolded] = useState(false);
  const [joining, setJoining] = useState(false);
  const [trouble, setTrouble] = useState<string | undefined>();
  const { notice, rows, card, keeps } = answers;
  const finding = useFinding(meeting.log.vkey);

  useEffect(() => {
    void media.start();
    return () => {
      if (!handedOver.current) media.close();
    };
  }, [media]);

  const join = async () => {
    if (name.trim() === '') {
      setTrouble(t('preview.nameMissing'));
      document.getElementById('name')?.focus();
      return;
    }
    setJoining(true);
    setTrouble(undefined);
    try {
      remember('browser', 'aye.name', name.trim());
      const now = new Date();
      const { device, keeps: kept } = await deviceToJoin(meeting, answers.chosen, now);
      const created = await createdMeeting(meeting.id);
      const seat = await api.join(meeting.id, {
        name: name.trim(),
        ...(kept ? { device: await device.joinProof(now) } : {}),
        knock: b64u(await knockAtDoor(secret)),
        ...(created ? { hostKey: created.hostKey } : {}),
      });
      const room = new RoomModel({
        meeting,
        notice,
        joined: seat,
        hostKey: seat.host ? created?.hostKey : undefined,
        device,
        keeps: kept,
        linkSecret: secret,
        name: name.trim(),
        media,
        seen: rows.map((r) => r.purpose),
      });
      handedOver.current = true;
      answers.handedOver();
      joined(room);
      // What fails after this is shown in the room, which is there by then.
      room.enter(answers.chosen).catch((failure: unknown) => room.failed(failure));
    } catch (failure) {
      setTrouble(sentence(failure));
      setJoining(false);
    }
  };

  const allBefore =
    rows.length > 0 && rows.every((r) => rowAnswer(card, r) === 'no' && isFromBefore(card, r));
  return (
    <Page wide>
      <div className="preview">
        <section className="preview-picture" aria-label={t('preview.camera')}>
          <div className="picture">
            {local.camera ? (
              <SelfView track={local.camera} />
            ) : (
              <div className="picture-off">
                <Icon name="cameraOff" />
                <p>{local.starting ? t('preview.starting') : t('preview.off')}</p>
              </div>
            )}
            <div className="picture-controls">
              <button
                type="button"
                className="round"
                aria-pressed={!local.micOn}
                disabled={!local.mic}
                aria-label={local.micOn ? t('preview.micOff') : t('preview.micOn')}
                title={local.micOn ? t('preview.micOff') : t('preview.micOn')}
                onClick={() => media.setMicOn(!local.micOn)}
              >
                <Icon name={local.mic && local.micOn ? 'mic' : 'micOff'} />
              </button>
              <button
                type="button"
                className="round"
                aria-pressed={!local.camera}
                disabled={local.starting}
                aria-label={local.camera ? t('preview.cameraOff') : t('preview.cameraOn')}
                title={local.camera ? t('preview.cameraOff') : t('preview.cameraOn')}
                onClick={() => (local.camera ? media.stopCamera() : void media.takeCamera())}
              >
                <Icon name={local.camera ? 'camera' : 'cameraOff'} />
              </button>
            </div>
          </div>
          <Level of={media.level} label={t('preview.level')} />
          <DeviceMenus media={media} />
          {local.trouble && (
            <Trouble>
              {local.trouble}{' '}
              <button type="button" className="more" onClick={() => void media.start()}>
                {t('tryAgain')}
              </button>
            </Trouble>
          )}
        </section>

        <section className="preview-join">
          <h1>{meeting.title === '' ? t('preview.title') : meeting.title}</h1>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              void join();
            }}
          >
            <label className="field">
              <span>{t('preview.name')}</span>
              <input
                id="name"
                value={name}
                maxLength={60}
                autoComplete="name"
                aria-describedby="name-hint"
                onChange={(e) => setName(e.target.value)}
              />
              <small id="name-hint" className="hint">
                {t('preview.nameHint')}
              </small>
            </label>
            {trouble !== undefined && <Trouble>{trouble}</Trouble>}
            <button type="submit" className="button primary big" disabled={joining}>
              {joining ? t('preview.joining') : t('preview.join')}
            </button>
          </form>
          <p className="hint locked">
            <Icon name="lock" />
            <span>{meeting.demo ? t('preview.demo') : t('preview.encrypted')}</span>
          </p>
        </section>

        {finding && (
          <div className="preview-card">
            <LogAlarm finding={finding} />
          </div>
        )}
        {answers.unreadable && <p className="preview-card hint">{t('card.unreadable')}</p>}
        {!keeps && <p className="preview-card hint">{t('errors.storage')}</p>}
        {notice && keeps && rows.length > 0 && (
          <section className="preview-card panel" aria-label={t('card.title')}>
            {allBefore && answers.taken.length === 0 && !unfolded ? (
              <div className="folded">
                <p>{t('card.folded')}</p>
                <button type="button" className="button" onClick={() => setUnfolded(true)}>
                  {t('card.change')}
                </button>
              </div>
            ) : (
              <AnswersCard answers={answers} meeting={meeting} closed={finding !== undefined} />
            )}
          </section>
        )}
      </div>
    </Page>
  );
}

export function SelfView({ track }: { readonly track: MediaStreamTrack }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current) video.current.srcObject = new MediaStream([track]);
  }, [track]);
  return <video ref={video} className="mirrored" autoPlay playsInline muted />;
}

export function DeviceMenus({
  media,
  takeMic,
  takeCamera,
}: {
  readonly media: LocalMedia;
  readonly takeMic?: (id: string) => void;
  readonly takeCamera?: (id: string) => void;
}) {
  const { t } = useTranslation();
  const local = useStore(media.store);
  return (
    <div className="devices">
      <label className="field">
        <span>{t('preview.microphone')}</span>
        <select
          value={local.mic?.getSettings().deviceId ?? ''}
          disabled={local.mics.length === 0}
          onChange={(e) => (takeMic ? takeMic(e.target.value) : void media.takeMic(e.target.value))}
        >
          {!local.mic && <option value="">–</option>}
          {local.mics.map((d) => (
            <option key={d.deviceId} value={d.deviceId}>
              {d.label}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{t('preview.camera')}</span>
        <select
          value={local.camera?.getSettings().deviceId ?? ''}
          disabled={local.cameras.length === 0}
          onChange={(e) => (takeCamera ? takeCamera(e.target.value) : void media.takeCamera(e.target.value))}
        >
          {!local.camera && <option value="">–</option>}
          {local.cameras.map((d) => (
            <option key={d.deviceId} value={d.deviceId}>
              {d.label}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
