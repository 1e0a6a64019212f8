import { Fragment, useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { AttachableTrack } from './tiles';
import { Card, type CardProps } from '../consent/Card';
import { keyOf, type RowAnswer } from '../consent/answers';
import { HowFar, SaidWider } from '../consent/HowFar';
import type { Notice, NoticeRow } from '../consent/notice';
import { Share } from '../invitation/Share';
import { here, nameOf } from '../listening/recipient';
import { LogAlarm } from '../log/LogAlarm';
import { DeviceMenus } from '../preview/Preview';
import { clock, locale } from '../../words/words';
import { useStore } from '../../shell/store';
import { Icon, Mark, type IconName } from '../../shell/ui';
import { ChatPanel } from './ChatPanel';
import { HostPanel } from './HostPanel';
import { MinePanel, Sending } from './MinePanel';
import type { Person, RoomModel, RoomState } from './roomModel';

type Panel = 'none' | 'mine' | 'chat' | 'host' | 'devices';

/** The room: faces, what listens, what is said. Consent slides in at the side and waits. */
export function RoomView({ room, link }: { readonly room: RoomModel; readonly link: string }) {
  const { t } = useTranslation();
  const state = useStore(room.store);
  const [panel, setPanel] = useState<Panel>('none');
  const [captionsShown, setCaptionsShown] = useState(true);
  const [unread, setUnread] = useState(0);
  const seen = useRef(state.chat.length);
  const language = locale();

  useEffect(() => void room.relocalise(), [room, language]);
  useEffect(() => {
    if (panel === 'chat') seen.current = state.chat.length;
    setUnread(state.chat.length - seen.current);
  }, [panel, state.chat.length]);
  useEffect(() => {
    document.title = `${state.meeting.title === '' ? t('preview.untitled') : state.meeting.title} · Aye`;
  }, [state.meeting.title, t]);
  useKeys(room, state);

  const toggle = (which: Panel) => setPanel(panel === which ? 'none' : which);
  const captioning = state.ai.recipients.some((r) => r.purposes.includes('captions'));
  const fresh = state.fresh.length > 0 && panel !== 'mine' && !state.finding;
  const unanswered = state.fresh.filter((row) => rowState(state, row) === 'open');
  const anew = (row: NoticeRow) => state.reworded.has(row.purpose);
  const close = () => setPanel('none');

  return (
    <div className={panel === 'none' && !fresh ? 'room' : 'room with-panel'}>
      <header className="room-top">
        <span className="brand">
          <Mark />
          <h1 className="room-title">
            {state.meeting.title === '' ? t('preview.untitled') : state.meeting.title}
          </h1>
        </span>
        <div className="sign-box">
          <Sign state={state} pressed={panel === 'mine'} open={() => toggle('mine')} />
          <Yours room={room} state={state} />
        </div>
        <span
          className="locked quiet"
          title={state.meeting.demo ? t('room.encryptedDemo') : t('room.encrypted')}
        >
          <Icon name="lock" />
          <span className="locked-text">
            {state.meeting.demo ? t('room.encryptedDemo') : t('room.encrypted')}
          </span>
        </span>
      </header>

      <main className="stage">
        {state.finding && <LogAlarm finding={state.finding} />}
        <div className="notes-above" aria-live="polite">
          {state.phase === 'connecting' && <p className="toast">{t('room.connecting')}</p>}
          {state.phase === 'reconnecting' && <p className="toast">{t('room.reconnecting')}</p>}
          {state.phase === 'in' && !state.serverReachable && <p className="toast">{t('room.serverLost')}</p>}
          {state.hostMuted && <p className="toast">{t('room.mutedByHost')}</p>}
          {state.soundBlocked && (
            <p className="toast">
              {t('room.sound')}{' '}
              <button type="button" className="more" onClick={() => void room.startSound()}>
                {t('room.soundOn')}
              </button>
            </p>
          )}
          {state.disagrees !== undefined && <p className="toast">{t(`room.${state.disagrees}`)}</p>}
          {state.trouble !== undefined && (
            <div className="toast">
              <span>{state.trouble}</span>{' '}
              <button type="button" className="more" onClick={() => room.clearTrouble()}>
                {t('close')}
              </button>
            </div>
          )}
        </div>
        <ul className={`grid of-${Math.min(state.people.length, 9)}`} aria-label={t('room.people')}>
          {state.people.map((p) => (
            <Tile key={p.id} person={p} />
          ))}
        </ul>
        {state.people.length === 1 && state.phase === 'in' && (
          <div className="alone">
            <p>
              <strong>{t('room.alone')}</strong> {t('room.aloneText')}
            </p>
            <div className="actions">
              <Share link={link} title={state.meeting.title} />
            </div>
          </div>
        )}
        {captioning && captionsShown && (state.people.length > 1 || state.captions.length > 0) && (
          <Captions state={state} />
        )}
      </main>

      <footer className="controls">
        <div className="controls-main" role="toolbar" aria-label={t('room.settings')}>
          <Control
            icon={state.micOn ? 'mic' : 'micOff'}
            label={state.micOn ? t('room.mute') : t('room.unmute')}
            off={!state.micOn}
            press={() => void room.setMic(!state.micOn)}
          />
          <Control
            icon={state.cameraOn ? 'camera' : 'cameraOff'}
            label={state.cameraOn ? t('room.cameraOff') : t('room.cameraOn')}
            off={!state.cameraOn}
            press={() => void room.setCamera(!state.cameraOn)}
          />
          {captioning && (
            <Control
              icon="captions"
              label={t('room.captions')}
              pressed={captionsShown}
              press={() => setCaptionsShown(!captionsShown)}
            />
          )}
          <Control
            icon="chat"
            label={t('room.chat')}
            pressed={panel === 'chat'}
            press={() => toggle('chat')}
            count={unread}
          />
          <Control
            icon="gear"
            label={t('room.settings')}
            pressed={panel === 'devices'}
            press={() => toggle('devices')}
          />
          {room.hostKey !== undefined && (
            <Control
              icon="host"
              label={t('room.host')}
              pressed={panel === 'host'}
              press={() => toggle('host')}
            />
          )}
          <Control icon="leave" label={t('room.leave')} press={() => void room.leave()} leave />
        </div>
      </footer>

      {panel === 'mine' && (
        <Side title={t('mine.title')} close={close} foot={<Sending room={room} />}>
          <MinePanel room={room} />
        </Side>
      )}
      {panel === 'chat' && (
        <Side title={t('room.chat')} close={close}>
          <ChatPanel room={room} />
        </Side>
      )}
      {panel === 'host' && room.hostKey !== undefined && (
        <Side title={t('hosting.title')} close={close}>
          <HostPanel room={room} hostKey={room.hostKey} />
        </Side>
      )}
      {panel === 'devices' && (
        <Side title={t('room.settings')} close={close}>
          <DeviceMenus
            media={room.media}
            takeMic={(id) => void room.takeMic(id)}
            takeCamera={(id) => void room.takeCamera(id)}
          />
          <div className="actions">
            <Share link={link} title={state.meeting.title} />
          </div>
        </Side>
      )}
      {fresh && panel === 'none' && state.notice && (
        <Side
          title={unanswered.length > 0 && unanswered.every(anew) ? t('card.anew') : t('card.new')}
          close={() => room.dismissFresh()}
          waiting
        >
          <p className="hint">{t('card.newText')}</p>
          <Card
            notice={state.notice}
            recipient={state.meeting.ai.recipients[0]}
            rows={state.fresh}
            answer={(row) => rowState(state, row)}
            mediumAnswer={(row, medium) => mediumState(state, row, medium)}
            decide={(row, yes, medium) =>
              void room.decide(row, yes, medium === undefined ? undefined : [medium])
            }
            busy={(row) => isBusy(state, row)}
            reworded={state.reworded}
            {...reachOf(room, state, state.notice)}
          />
          <button type="button" className="button" onClick={() => room.dismissFresh()}>
            {t('card.later')}
          </button>
        </Side>
      )}
    </div>
  );
}

export function mediumState(state: RoomState, row: NoticeRow, medium: string): RowAnswer {
  if (state.refusing.has(keyOf(row.purpose, medium))) return 'no';
  const choice = state.choices.get(keyOf(row.purpose, medium))?.state;
  if (choice === 'given') return 'yes';
  return choice === undefined || choice === 'requested' ? 'open' : 'no';
}

export function rowState(state: RoomState, row: NoticeRow): RowAnswer {
  const all = row.media.map((m) => mediumState(state, row, m.medium));
  if (all.includes('yes')) return 'yes';
  // Asked anew as a whole: a no to a part of it then is none to what it says now.
  if (state.reworded.has(row.purpose)) return 'open';
  return all.includes('no') ? 'no' : 'open';
}

/** How far answers can be made to reach from this seat, and what reaches it from elsewhere, for the card. */
export function reachOf(
  room: RoomModel,
  state: RoomState,
  notice: Notice,
): Pick<CardProps, 'reach' | 'standing'> {
  const { scopes, scope, wider } = state;
  return {
    reach:
      scopes.length > 1 ? (
        <HowFar notice={notice} scopes={scopes} chosen={scope} choose={(s) => room.setScope(s)} beside />
      ) : (
        <ThisMeetingOnly further={state.meeting.scope.widest !== 'meeting'} />
      ),
    standing: (row) => {
      const [said] = row.media.flatMap((m) => wider.get(keyOf(row.purpose, m.medium)) ?? []);
      return (
        said && (
          <SaidWider
            said={said}
            controller={notice.controller.name}
            refuseHere={said.elsewhere ? () => void room.refuseHere(row) : undefined}
          />
        )
      );
    },
  };
}

/** Answers from this seat hold for this meeting; `further` could have been chosen before joining. */
function ThisMeetingOnly({ further }: { readonly further: boolean }) {
  const { t } = useTranslation();
  return <p className="hint reach">{t(further ? 'reach.inRoom' : 'reach.only')}</p>;
}

export function isBusy(state: RoomState, row: NoticeRow): boolean {
  return row.media.some((m) => state.busy.has(keyOf(row.purpose, m.medium)));
}

/** Space held while muted is push-to-talk; M toggles. Neither works while something else has the keys. */
function useKeys(room: RoomModel, state: RoomState): void {
  const micOn = useRef(state.micOn);
  micOn.current = state.micOn;
  useEffect(() => {
    let talking = false;
    const free = (event: KeyboardEvent) =>
      (event.target === document.body || event.target === document.documentElement) &&
      !event.ctrlKey &&
      !event.metaKey;
    const down = (event: KeyboardEvent) => {
      if (!free(event) || event.repeat) return;
      if (event.code === 'Space' && !micOn.current) {
        talking = true;
        event.preventDefault();
        void room.setMic(true);
      } else if (event.key === 'm') void room.setMic(!micOn.current);
    };
    const up = (event: KeyboardEvent) => {
      if (event.code !== 'Space' || !talking) return;
      talking = false;
      void room.setMic(false);
    };
    const blur = () => {
      if (talking) void room.setMic(false);
      talking = false;
    };
    window.addEventListener('keydown', down);
    window.addEventListener('keyup', up);
    window.addEventListener('blur', blur);
    return () => {
      window.removeEventListener('keydown', down);
      window.removeEventListener('keyup', up);
      window.removeEventListener('blur', blur);
    };
  }, [room]);
}

/** The sign at the top: what listens and for whom, in words. Pressed, it opens one's own state. */
function Sign({
  state,
  pressed,
  open,
}: {
  readonly state: RoomState;
  readonly pressed: boolean;
  readonly open: () => void;
}) {
  const { t } = useTranslation();
  const { ai } = state;
  const works = ai.recipients
    .filter((r) => r.purposes.length > 0)
    .map((r) => ({
      id: r.id,
      what: t('sign.works', {
        purposes: r.purposes
          .map((p) => state.offered.find((row) => row.purpose === p)?.label ?? p)
          .join(', '),
        controller: state.notice?.controller.name ?? t('sign.operator'),
        name: nameOf(r),
      }),
      where: t('sign.where', {
        place: here(r.host) ? t('sign.thisServer') : t('sign.elsewhere', { host: r.host }),
        model: r.model,
      }),
    }));
  const words =
    ai.listening && works.length > 0
      ? works.map(({ id, what, where }, i) => (
          <Fragment key={id}>
            {i > 0 && ' · '}
            {what}
            <span className="where">{where}</span>
          </Fragment>
        ))
      : state.offered.length > 0
        ? t('sign.offered')
        : t('sign.nothing');
  return (
    <>
      <button
        type="button"
        className={ai.listening ? 'sign on' : 'sign'}
        aria-expanded={pressed}
        title={t('sign.open')}
        onClick={open}
      >
        <Icon name="ear" />
        <span>{words}</span>
        {state.sendingVoice && <span className="sending" aria-hidden="true" />}
      </button>
      {ai.listening && ai.partial && <p className="partial hint">{t('room.partial')}</p>}
    </>
  );
}

const TOLD_MS = 15_000;

/** Beside the sign, each yes of one's own that stands, with one click to take it back: no more than it took to give. */
export function Yours({
  room,
  state,
}: {
  readonly room: Pick<RoomModel, 'decide'>;
  readonly state: RoomState;
}) {
  const { t } = useTranslation();
  const [stopped, setStopped] = useState<{ readonly label: string; readonly at: Date } | undefined>();
  useEffect(() => {
    if (!stopped) return undefined;
    const timer = setTimeout(() => setStopped(undefined), TOLD_MS);
    return () => clearTimeout(timer);
  }, [stopped]);
  const given = state.notice?.rows.filter((row) => rowState(state, row) === 'yes') ?? [];
  if (given.length === 0 && !stopped) return null;
  // One that reaches further ends in all of its meetings, so its button says so.
  const named = (row: NoticeRow) =>
    row.media.some((m) => state.wider.has(keyOf(row.purpose, m.medium)))
      ? t('sign.everywhere', { label: row.label })
      : row.label;
  return (
    <div className="yours" role="group" aria-label={t('sign.yours')}>
      {given.length > 0 && (
        <span className="hint" aria-hidden="true">
          {t('me.withdrawOne')}:
        </span>
      )}
      {given.map((row) => (
        <button
          key={row.purpose}
          type="button"
          className="button"
          aria-label={`${t('me.withdrawOne')}: ${named(row)}`}
          onClick={() => {
            setStopped({ label: named(row), at: new Date() });
            void room.decide(row, false);
          }}
        >
          {named(row)}
        </button>
      ))}
      {stopped && (
        <span className="hint" role="status">
          {stopped.label}: {t('withdrawal.stopped', { time: clock(stopped.at) })}
        </span>
      )}
    </div>
  );
}

function Tile({ person }: { readonly person: Person }) {
  const { t } = useTranslation();
  const label = person.member ? person.name : t('room.noKey');
  return (
    <li className={person.speaking ? 'tile speaking' : 'tile'}>
      {person.video ? (
        <Video track={person.video} mirrored={person.self} />
      ) : (
        <span className="initial" aria-hidden="true">
          {person.member ? initials(person.name) : ''}
        </span>
      )}
      {person.audio && <Audio track={person.audio} />}
      <div className="tile-name">
        {person.muted && (
          <>
            <Icon name="micOff" />
            <span className="hidden">{t('room.muted')}</span>
          </>
        )}
        <span>{person.self ? t('room.youAre', { name: label }) : label}</span>
        {person.speaking && <span className="hidden">{t('room.speaking')}</span>}
      </div>
      {!person.member && <p className="tile-note">{t('room.strangerText')}</p>}
      {person.blocked && <p className="tile-note">{t('room.notEncrypted')}</p>}
    </li>
  );
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters
    .map((w) => [...(w ?? '')][0] ?? '')
    .join('')
    .toLocaleUpperCase();
}

function Video({ track, mirrored }: { readonly track: AttachableTrack; readonly mirrored: boolean }) {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = element.current;
    if (!video) return undefined;
    track.attach(video);
    return () => void track.detach(video);
  }, [track]);
  return <video ref={element} className={mirrored ? 'mirrored' : ''} autoPlay playsInline muted />;
}

function Audio({ track }: { readonly track: AttachableTrack }) {
  const element = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const audio = element.current;
    if (!audio) return undefined;
    track.attach(audio);
    return () => void track.detach(audio);
  }, [track]);
  return <audio ref={element} autoPlay />;
}

function Captions({ state }: { readonly state: RoomState }) {
  const { t } = useTranslation();
  const lag = Math.max(0, ...state.captions.map((l) => (l.kind === 'words' ? l.lagMs : 0)));
  return (
    <div className="captions" role="log" aria-live="polite" aria-label={t('room.captionsOf')}>
      {state.captions.length === 0 && <p className="quiet">{t('room.captionsNone')}</p>}
      {state.captions.map((line) =>
        line.kind === 'words' && line.text.trim() === '' ? null : line.kind === 'words' ? (
          <p key={line.id} className={line.final ? '' : 'unfinished'}>
            <b>{line.name}</b> {line.text}
          </p>
        ) : (
          <p key={line.id} className="gap" aria-hidden="true">
            · · ·
          </p>
        ),
      )}
      {lag >= 2000 && <p className="lag hint">{t('room.lag', { seconds: Math.round(lag / 1000) })}</p>}
    </div>
  );
}

interface ControlProps {
  readonly icon: IconName;
  readonly label: string;
  readonly press: () => void;
  readonly off?: boolean;
  readonly pressed?: boolean;
  readonly leave?: boolean;
  readonly count?: number;
}

function Control({ icon, label, press, off = false, pressed, leave = false, count = 0 }: ControlProps) {
  return (
    <button
      type="button"
      className={leave ? 'control leave' : off ? 'control off' : 'control'}
      aria-pressed={pressed}
      onClick={(event) => {
        press();
        // Space is push-to-talk afterwards, not this button again; keyboard users keep their place.
        if (event.detail > 0) event.currentTarget.blur();
      }}
    >
      <Icon name={icon} />
      <span>{label}</span>
      {count > 0 && <b className="count">{count}</b>}
    </button>
  );
}

export function Side({
  title,
  close,
  children,
  foot,
  waiting = false,
}: {
  readonly title: string;
  readonly close: () => void;
  readonly children: ReactNode;
  /** Stays in sight below what scrolls, and moves nothing in it by growing. */
  readonly foot?: ReactNode;
  /** Slid in by itself: it takes no focus away from what the person is doing. */
  readonly waiting?: boolean;
}) {
  const { t } = useTranslation();
  const aside = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (waiting) return undefined;
    const before = document.activeElement;
    heading.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, [waiting]);
  const closing = useRef(close);
  closing.current = close;
  useEffect(() => {
    // What was opened by hand closes from anywhere, also when the focus has got lost meanwhile.
    const on = waiting ? aside.current : window;
    const down = (event: Event) => {
      if (event instanceof KeyboardEvent && event.key === 'Escape') closing.current();
    };
    on?.addEventListener('keydown', down);
    return () => on?.removeEventListener('keydown', down);
  }, [waiting]);
  return (
    <aside ref={aside} className={waiting ? 'side waiting' : 'side'} aria-label={title}>
      <div className="side-head">
        <h2 ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <button type="button" className="round small" aria-label={t('close')} onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <div className="side-body">{children}</div>
      {foot && <div className="side-foot">{foot}</div>}
    </aside>
  );
}
