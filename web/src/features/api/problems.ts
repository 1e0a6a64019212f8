import type { en } from '../../words/en';

export type ProblemWords = keyof (typeof en)['errors']['problems'];
export type LogWords = keyof (typeof en)['errors']['logWhy'];

/**
 * The words for each slug by which the server names a problem. Its own sentences are English and are not shown. Slugs
 * of `device-…` and `answer-…` are those of a refusal of the proof or receipt.
 */
const PROBLEMS: Readonly<Record<string, ProblemWords>> = {
  'link-incomplete': 'link',
  full: 'full',
  ended: 'ended',
  'put-out': 'putOut',
  name: 'name',
  title: 'title',
  meeting: 'noMeeting',
  participant: 'participant',
  'not-there': 'notThere',
  'nothing-granted': 'nothingGranted',
  'no-device': 'noDevice',
  secret: 'slip',
  'unknown-slip': 'unknownSlip',
  'unknown-yes': 'unknownYes',
  handle: 'page',
  unauthorized: 'forbidden',
  'host-key': 'host',
  token: 'forbidden',
  'too-many-requests': 'tooMany',
  'too-large': 'tooLarge',
  unsound: 'unsound',
  'disk-full': 'diskFull',
  'not-witnessed-yet': 'notWitnessed',
  'not-stored': 'notStored',
  'withdrawal-not-stored': 'takingBackNotStored',
  locale: 'page',
  purposes: 'changed',
  recipient: 'changed',
  notice: 'changed',
  'wrapped-key': 'page',
  salt: 'page',
  hash: 'page',
  door: 'page',
  knock: 'link',
  'not-found': 'page',
  'no-leaf': 'page',
  'no-pages': 'page',
  'no-upgrade': 'page',
  'method-not-allowed': 'page',
};

const REFUSALS: Readonly<Record<string, ProblemWords>> = {
  oversized: 'tooLarge',
  'not-a-token': 'page',
  'bad-key': 'page',
  'bad-signature': 'page',
  malformed: 'page',
  stale: 'clock',
  replayed: 'again',
  busy: 'tooMany',
  'wrong-origin': 'elsewhere',
  'wrong-request': 'page',
  'wrong-meeting': 'elsewhere',
  'wrong-participant': 'forbidden',
  'wrong-person': 'forbidden',
  'meeting-closed': 'asksNothing',
  'unknown-notice': 'changed',
  'wrong-controller': 'changed',
  'wrong-recipient': 'changed',
  'wrong-processor': 'changed',
  'wrong-room': 'elsewhere',
  'scope-too-wide': 'tooWide',
  'scope-needs-lasting-key': 'tooWide',
  'not-offered': 'changed',
  'training-mixed': 'page',
  'handle-used': 'again',
  'already-given': 'alreadyGiven',
  overtaken: 'overtaken',
  'too-many': 'tooOften',
};

export function wordsOfProblem(slug: string): ProblemWords | undefined {
  const refusal = /^(?:device|answer)-(.+)$/.exec(slug)?.[1];
  return refusal === undefined ? PROBLEMS[slug] : REFUSALS[refusal];
}

/** The words for what was found wrong with the log, by what `LogMismatch` says of it. */
const LOG: readonly (readonly [RegExp, LogWords])[] = [
  [/^the log has another key|^the log key |^the id of the log key/, 'key'],
  [/^the log (does not say|did not give|gave too much)/, 'missing'],
  [/two different pasts|no longer contains|shows others more|do not contradict/, 'past'],
  [/^the signature|^the note |^this is not a signed note|about something else$/, 'signature'],
  [
    /is not where the proof says|is at another place|does not match its hash|do not belong to its root/,
    'place',
  ],
  [/another log$/, 'elsewhere'],
  [
    /is malformed$|is too long$|names no index$|is not a hash$|^this is not a proof$|the wrong size$|cut short$/,
    'malformed',
  ],
];

export function wordsOfLog(message: string): LogWords | undefined {
  return LOG.find(([said]) => said.test(message))?.[1];
}
