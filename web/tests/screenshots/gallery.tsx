import { createRoot } from 'react-dom/client';
import type { Meeting } from '../../src/features/api/client';
import { parseNotice } from '../../src/features/consent/notice';
import { After } from '../../src/features/after/After';
import { LocalMedia } from '../../src/features/preview/localMedia';
import { offeredRows, type Person, type RoomModel, type RoomState } from '../../src/features/room/roomModel';
import { RoomView } from '../../src/features/room/RoomView';
import { Store } from '../../src/shell/store';
import '../../src/shell/styles.css';
import { locale, startWords } from '../../src/words/words';
import { noticeText } from '../notices';

/** Draws the room in states that are hard to reach, for looking at; it is part of no build. */
const wanted = new URLSearchParams(location.search);

/** A moving picture for a tile, so that layouts are judged with faces' proportions. */
function picture(hue: number) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [640, 360];
  const c = canvas.getContext('2d');
  if (c) {
    const g = c.createLinearGradient(0, 0, 640, 360);
    g.addColorStop(0, `hsl(${hue} 30% 62%)`);
    g.addColorStop(1, `hsl(${hue + 40} 35% 30%)`);
    c.fillStyle = g;
    c.fillRect(0, 0, 640, 360);
    c.fillStyle = `hsl(${hue} 25% 82%)`;
    c.beginPath();
    c.arc(320, 160, 70, 0, 7);
    c.fill();
    c.beginPath();
    c.ellipse(320, 370, 150, 120, 0, 0, 7);
    c.fill();
  }
  const stream = canvas.captureStream(2);
  return {
    attach: (e: HTMLMediaElement) => void (e.srcObject = stream),
    detach: (e: HTMLMediaElement) => void (e.srcObject = null),
  } as unknown as NonNullable<Person['video']>;
}

async function state(): Promise<RoomState> {
  const notice = await parseNotice(noticeText(locale()));
  const meeting: Meeting = {
    id: 'm1',
    title: wanted.get('title') ?? 'Weekly catch-up',
    room: 'r1',
    demo: false,
    ai: {
      purposes: ['captions', 'notes', 'training'],
      recipients: [
        {
          id: 'companion',
          name: 'Aye companion',
          key: '',
          keyIndex: 1,
          keyProof: '',
          processor: { host: 'this server', model: 'sphinx4' },
        },
      ],
    },
    notice: { version: 1, en: noticeText('en'), nl: noticeText('nl') },
    scope: { widest: 'meeting', days: 90 },
    log: { origin: 'log.example/aye', vkey: '' },
  };
  const person = (id: string, name: string, more: Partial<Person> = {}): Person => ({
    id,
    name,
    self: false,
    member: true,
    muted: false,
    speaking: false,
    video: undefined,
    audio: undefined,
    blocked: false,
    ...more,
  });
  const people = [
    person('p1', 'Noor de Wit', { self: true, video: picture(30) }),
    person('p2', 'Sam Okafor', { video: picture(200), speaking: true }),
    person('p3', 'Lena', { muted: true }),
    person('p4', '', { member: false }),
    person('p5', 'Joris van der Meulen', { video: picture(280) }),
  ].slice(0, Number(wanted.get('people') ?? 3));
  const offered = offeredRows(notice, meeting);
  const given = wanted.has('given');
  return {
    phase: 'in',
    disagrees: undefined,
    wider: new Map(),
    scopes: [{ kind: 'meeting' }],
    scope: { kind: 'meeting' },
    keeps: true,
    refusing: new Set(),
    draft: { words: '' },
    why: 'left',
    people,
    micOn: true,
    cameraOn: true,
    hostMuted: wanted.has('muted'),
    soundBlocked: false,
    serverReachable: true,
    chat: [
      {
        id: '1',
        name: 'Sam Okafor',
        mine: false,
        text: 'The budget is in the shared folder.',
        at: new Date(2026, 10, 22, 10, 40),
      },
      {
        id: '2',
        name: 'Noor',
        mine: true,
        text: 'Thanks, I will read it this afternoon.',
        at: new Date(2026, 10, 22, 10, 41),
      },
    ],
    captions: wanted.has('captions')
      ? [
          {
            kind: 'words',
            id: 'a',
            name: 'Sam Okafor',
            text: 'so we move the release to the third of next month',
            final: true,
            lagMs: 900,
            seen: 0,
          },
          { kind: 'gap', id: 'g', seen: 0 },
          {
            kind: 'words',
            id: 'b',
            name: 'Sam Okafor',
            text: 'and who writes',
            final: false,
            lagMs: 2400,
            seen: 0,
          },
        ]
      : [],
    meeting,
    notice,
    offered,
    ai: {
      listening: wanted.has('listening') || given,
      partial: wanted.has('partial'),
      recipients: [
        {
          id: 'companion',
          name: 'Aye companion',
          host: 'this server',
          model: 'sphinx4',
          purposes: ['captions', 'notes'],
        },
      ],
    },
    choices: new Map(
      given
        ? [
            ['captions voice', { purpose: 'captions', medium: 'voice', state: 'given', handle: 'h1' }],
            ['notes voice', { purpose: 'notes', medium: 'voice', state: 'given', handle: 'h2' }],
            ['notes chat', { purpose: 'notes', medium: 'chat', state: 'refused' }],
            ['training voice', { purpose: 'training', medium: 'voice', state: 'refused' }],
          ]
        : [],
    ),
    busy: new Set(),
    fresh: wanted.has('fresh') ? offered.slice(1, 2) : [],
    reworded: new Map(),
    listening: given ? { is: 'on', voice: true, chat: false } : { is: 'off' },
    sendingVoice: given,
    paused: false,
    receipts: given
      ? [
          {
            id: 'r',
            meeting: 'm1',
            title: '',
            receipt: '',
            salt: '',
            index: 4,
            proof: '',
            noticeText: '',
            vkey: '',
            at: '',
          },
        ]
      : [],
    slips: given
      ? [
          {
            origin: 'o',
            meeting: 'm1',
            title: '',
            purpose: 'notes',
            medium: 'voice',
            handle: 'h2',
            secret: 'x',
          },
        ]
      : [],
    standings: wanted.has('withdrawn')
      ? new Map([
          [
            'h9',
            {
              is: 'inLog',
              index: 41,
              by: new Date(2026, 10, 22, 10, 43),
              stopped: new Date(2026, 10, 22, 10, 42, 7),
            } as const,
          ],
        ])
      : new Map(),
    withdrawals: wanted.has('withdrawn')
      ? new Map([
          [
            'h9',
            {
              handle: 'h9',
              meeting: 'm1',
              purpose: 'training',
              medium: 'voice',
              at: '',
              steps: [
                { step: 'stop', state: 'done' as const },
                { step: 'block', state: 'done' as const },
                { step: 'shred', state: 'done' as const, count: 12 },
                { step: 'recut', state: 'doing' as const },
                { step: 'account', state: 'waiting' as const },
              ],
            },
          ],
        ])
      : new Map(),
    trouble: undefined,
    finding: undefined,
    compared: { others: 2, same: 2, unshown: 0, otherKey: 0, looking: 'fine' },
  };
}

await startWords();
const store = new Store(await state());
const nothing = () => undefined;
const room = {
  store,
  media: new LocalMedia(),
  hostKey: 'k',
  joined: { seat: 's' },
  link: 'https://aye.example/m/m1#s',
  sendingLevel: () => 0.3 + 0.3 * Math.sin(Date.now() / 300),
  relocalise: () => Promise.resolve(),
  seeAll: nothing,
  dismissFresh: nothing,
  clearTrouble: nothing,
  setMic: () => Promise.resolve(),
  setCamera: () => Promise.resolve(),
  leave: () => Promise.resolve(),
  decide: () => Promise.resolve(),
  setPaused: nothing,
} as unknown as RoomModel;
const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    wanted.has('after') ? <After room={room} back={nothing} /> : <RoomView room={room} link={room.link} />,
  );
