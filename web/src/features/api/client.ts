import type { Told as ToldBuild } from '../transparency/build';
import type { Listed } from '../transparency/notices';
import type { Told } from '../transparency/witnesses';

/** The REST calls of docs/protocol.md, typed; a failed one throws `Problem`. */
export interface Meeting {
  /** It is over for good: nobody can join it any more. */
  readonly ended?: boolean;
  readonly id: string;
  readonly title: string;
  /** The series of meetings that it belongs to. */
  readonly room: string;
  readonly demo: boolean;
  /** Minors may be present: learning, recording and sharing are off. */
  readonly minors?: boolean;
  /** The operator says so for all meetings, and no host takes it back. */
  readonly minorsFixed?: boolean;
  readonly ai: {
    readonly purposes: readonly string[];
    readonly recipients: readonly MeetingRecipient[];
  };
  readonly notice: { readonly version: number; readonly en: string; readonly nl: string };
  /** How far a yes may reach here at most, and for how many days. */
  readonly scope: {
    readonly widest: 'meeting' | 'room' | 'organisation';
    readonly days: number;
  };
  readonly log: { readonly origin: string; readonly vkey: string };
}

export interface MeetingRecipient {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly keyIndex: number;
  readonly keyProof: string;
  readonly processor: { readonly host: string; readonly model: string };
}

export interface Joined {
  readonly serverUrl: string;
  readonly token: string;
  readonly participantId: string;
  readonly seat: string;
  readonly host: boolean;
}

export interface Choice {
  readonly purpose: string;
  readonly medium: string;
  readonly state: string;
  readonly handle?: string;
}

export interface Withdrawal {
  readonly handle: string;
  readonly meeting: string;
  readonly purpose: string;
  readonly medium: string;
  readonly at: string;
  readonly index?: number;
  readonly proof?: string;
  readonly steps: readonly {
    readonly step: string;
    readonly state: 'done' | 'doing' | 'waiting' | 'failed';
    readonly at?: string;
    readonly count?: number;
  }[];
  readonly account?: string;
}

export interface PersonAccount {
  readonly person: string;
  readonly answers: readonly {
    readonly meeting: string;
    readonly title: string;
    readonly receipt: string;
    readonly salt: string;
    readonly index: number;
    readonly proof: string;
    readonly noticeText: string;
    readonly choices: readonly Choice[];
  }[];
  readonly held: readonly {
    readonly kind: 'notes' | 'training';
    readonly meeting: string;
    readonly at: string;
    readonly text: string;
    readonly block: string;
  }[];
  readonly used: readonly {
    readonly kind: 'dataset' | 'model';
    readonly id: string;
    readonly index: number;
    readonly state: string;
  }[];
  readonly withdrawals: readonly Withdrawal[];
}

/** What belongs to one meeting, of the account of a key that may have been in several. */
export function inMeeting(account: PersonAccount, meeting: string): PersonAccount {
  const here = (of: { readonly meeting: string }) => of.meeting === meeting;
  const { answers, held, withdrawals } = account;
  return {
    ...account,
    answers: answers.filter(here),
    held: held.filter(here),
    withdrawals: withdrawals.filter(here),
  };
}

export interface Notes {
  readonly ready: boolean;
  readonly summary: readonly { readonly text: string; readonly name: string }[];
  readonly transcript: readonly { readonly name: string; readonly text: string; readonly at: string }[];
}

/** A failed call: the slug of its problem type, and the server's plain words. `offline` when no server answered. */
export class Problem extends Error {
  readonly slug: string;
  readonly status: number;

  constructor(slug: string, status: number, detail: string) {
    super(detail);
    this.slug = slug;
    this.status = status;
  }
}

/** How long a page waits for the account of its person, which can be large. */
const ACCOUNT_PATIENCE_MS = 20_000;
/**
 * How long for anything else, so that a dead connection is told and nothing waits for it for ever. The server needs 10 s at
 * most by itself: for witnesses of an answer, or, at a withdrawal, for an answer of the same person that is under way.
 */
const PATIENCE_MS = 30_000;

async function call<T>(
  method: string,
  path: string,
  body?: unknown,
  authorization?: string,
  patienceMs: number = PATIENCE_MS,
): Promise<T> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (authorization !== undefined) headers['Authorization'] = authorization;
  const failed = (cause: unknown): never => {
    const late = cause instanceof DOMException && cause.name === 'TimeoutError';
    throw new Problem(late ? 'slow' : 'offline', 0, String(cause));
  };
  const response = await fetch(path, {
    method,
    headers,
    cache: 'no-store',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(patienceMs),
  }).catch(failed);
  if (!response.ok) throw await problemOf(response);
  return (response.status === 204 ? undefined : readJson(await response.text().catch(failed))) as T;
}

/** Reads JSON from the server; what it writes as null is absent. */
export function readJson(json: string): unknown {
  return JSON.parse(json, (_key, value: unknown) => (value === null ? undefined : value));
}

export async function problemOf(response: Response): Promise<Problem> {
  let slug = `status-${response.status}`;
  let detail = '';
  try {
    const problem = (await response.json()) as { type?: unknown; detail?: unknown };
    if (typeof problem.type === 'string') slug = problem.type.replace('urn:aye:problem:', '');
    if (typeof problem.detail === 'string') detail = problem.detail;
  } catch {
    // Not a problem document: the status alone says what we know.
  }
  return new Problem(slug, response.status, detail);
}

const bearer = (token: string) => `Bearer ${token}`;
const m = (meeting: string) => `/api/meetings/${encodeURIComponent(meeting)}`;

export const api = {
  /** Opens a meeting, in a new room or in that of an earlier one, whose host alone can do that. */
  createMeeting: (
    wanted: { readonly title: string; readonly door: string; readonly minors: boolean },
    after?: { readonly meeting: string; readonly hostKey: string },
  ) =>
    call<{ id: string; link: string; hostKey: string }>(
      'POST',
      '/api/meetings',
      {
        door: wanted.door,
        ...(wanted.title === '' ? {} : { title: wanted.title }),
        ...(wanted.minors ? { minors: true } : {}),
        ...(after ? { after: after.meeting } : {}),
      },
      after && bearer(after.hostKey),
    ),
  meeting: (id: string) => call<Meeting>('GET', m(id)),
  propose: (id: string, purposes: readonly string[], hostKey: string) =>
    call<Meeting>('PATCH', m(id), { purposes }, bearer(hostKey)),
  minors: (id: string, minors: boolean, hostKey: string) =>
    call<Meeting>('PATCH', m(id), { minors }, bearer(hostKey)),
  join: (id: string, body: { name: string; hostKey?: string; device?: string; knock: string }) =>
    call<Joined>('POST', `${m(id)}/participants`, body),
  answer: (id: string, seat: string, body: { receipt: string; salt: string }) =>
    call<{ index: number; proof: string; grants: { purpose: string; medium: string; handle: string }[] }>(
      'POST',
      `${m(id)}/answers`,
      body,
      bearer(seat),
    ),
  openStream: (id: string, seat: string, body: { recipient: string; wrappedKey: string }) =>
    call<{ serverUrl: string; token: string }>('POST', `${m(id)}/streams`, body, bearer(seat)),
  closeStream: (id: string, seat: string) =>
    call<void>('DELETE', `${m(id)}/streams`, undefined, bearer(seat)),
  withdraw: (secret: string) =>
    call<{ handle: string; promise: string }>('POST', '/api/withdrawals', { secret }),
  withdrawByKey: (handle: string, proof: string) =>
    call<{ handle: string; promise: string }>('POST', '/api/me/withdrawals', { handle }, `Device ${proof}`),
  notices: () => call<{ notices: readonly Listed[] }>('GET', '/api/notices'),
  witnesses: () => call<Told>('GET', '/log/witnesses'),
  build: () => call<ToldBuild>('GET', '/api/build'),
  me: (proof: string) =>
    call<PersonAccount>('POST', '/api/me', undefined, `Device ${proof}`, ACCOUNT_PATIENCE_MS),
  notes: (id: string, seatOrHost: string) =>
    call<Notes>('GET', `${m(id)}/notes`, undefined, bearer(seatOrHost)),
  mute: (id: string, participantId: string, hostKey: string) =>
    call<void>('POST', `${m(id)}/mute`, { participantId }, bearer(hostKey)),
  remove: (id: string, participantId: string, hostKey: string) =>
    call<void>('POST', `${m(id)}/remove`, { participantId }, bearer(hostKey)),
  end: (id: string, hostKey: string) => call<void>('POST', `${m(id)}/end`, undefined, bearer(hostKey)),
};

export type Api = typeof api;
