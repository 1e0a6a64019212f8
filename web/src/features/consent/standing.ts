import type { Meeting } from '../api/client';
import { Device } from '../device/device';
import { reworded, type Reworded } from './anew';
import { keyOf } from './answers';
import { receipts, refusals, slips, type KeptReceipt, type KeptSlip } from './keeping';
import { MEDIA, PURPOSES, type NoticeRow } from './notice';
import { provedChoices, type OwnChoice } from './own';
import { askedIn, inEffect, lapse, reaches, type Asked } from './reach';
import type { Answer } from './receipt';
import { readReceipt, type Receipt } from './receiptReader';
import type { Scope, WiderScope } from './scope';

/** What this browser has said that counts in a meeting, and the key under which its person would sit there. */
export interface Standing {
  readonly asked: Asked;
  /** Absent while no key is drawn for this meeting and none that lasts is needed. */
  readonly device: Device | undefined;
  /** Whether more than this meeting can be chosen: not once the key of this meeting alone has signed something. */
  readonly canReachFurther: boolean;
  /** For each row what counts, of what that key signed. */
  readonly own: ReadonlyMap<string, OwnChoice>;
  /** Rows that were refused in this meeting only. */
  readonly refusedHere: ReadonlySet<string>;
  /** By handle: the slips that this device has. */
  readonly slips: ReadonlyMap<string, KeptSlip>;
  /** Yeses to what is asked here now that reached further than a meeting and were all taken back on this device. */
  readonly takenBack: ReadonlySet<string>;
  /** Rows that such a yes was said to in other words than they have now. */
  readonly reworded: ReadonlyMap<string, Reworded>;
}

/**
 * How somebody stands before they join. Their lasting key is used only where a yes under it reaches this meeting and would
 * give something there; else a key of this meeting alone is.
 */
export async function standingIn(meeting: Meeting, now: Date): Promise<Standing> {
  const { origin, vkey } = meeting.log;
  const asked = await askedIn(meeting);
  const held = new Map((await slips.all()).map((s) => [s.handle, s]));
  const all = await receipts.all();
  const signedHere =
    all.some((r) => r.meeting === meeting.id) || [...held.values()].some((s) => s.meeting === meeting.id);
  const known = await Device.of(meeting.id, origin);
  const bound = known !== undefined && (known.record.lasting === true || signedHere);
  const takenBack = new Set<string>();
  const anew = new Map<string, Reworded>();
  let best: { device: Device; own: ReadonlyMap<string, OwnChoice>; index: number } | undefined;
  for (const device of await lastingDevices(origin)) {
    const own = inEffect(await provedOf(all, device, vkey), asked);
    for (const [key, choice] of own) {
      const slip = held.get(choice.handle ?? '');
      if (choice.state !== 'given' || choice.scope.kind === 'meeting' || slip === undefined) continue;
      const why = lapse(choice, asked, now);
      const change = why === 'words' && !isTaken(slip) ? reworded(choice.shown, asked.texts) : undefined;
      if (change) anew.set(key, change);
      if (why) continue;
      if (isTaken(slip)) takenBack.add(key);
      else if (!best || best.index < choice.index) best = { device, own, index: choice.index };
    }
  }
  const device = bound ? known : best ? best.device.in(meeting.id, meeting.title, now) : known;
  const own =
    device === undefined
      ? new Map<string, OwnChoice>()
      : !bound && best
        ? best.own
        : inEffect(await provedOf(all, device, vkey), asked);
  return {
    asked,
    device,
    canReachFurther: device?.record.lasting === true || !signedHere,
    own,
    refusedHere: await refusedHere(meeting.id),
    slips: held,
    takenBack,
    reworded: anew,
  };
}

/** A yes that reaches further than one meeting, as the card tells it. */
export interface WiderYes {
  readonly scope: WiderScope;
  readonly since: Date;
  /** It was said in another meeting, so that a no can be for this one only; and to which media of the row. */
  readonly elsewhere: boolean;
  readonly media: readonly string[];
}

/** The yes to a row that reaches further than this meeting and counts in it, and for which of its media. */
export function widerYesOf(
  { asked, own, slips: held }: Standing,
  row: NoticeRow,
  now: Date,
): WiderYes | undefined {
  const said = row.media.flatMap(({ medium }) => own.get(keyOf(row.purpose, medium)) ?? []);
  const standing = said.filter((choice) => {
    const slip = held.get(choice.handle ?? '');
    return choice.state === 'given' && slip !== undefined && !isTaken(slip) && !lapse(choice, asked, now);
  });
  const [first] = standing.filter((choice) => choice.scope.kind !== 'meeting');
  if (first === undefined || first.scope.kind === 'meeting') return undefined;
  return {
    scope: first.scope,
    since: new Date(first.issued),
    elsewhere: first.meeting !== asked.meeting,
    media: standing.filter((choice) => choice.meeting !== asked.meeting).map((choice) => choice.medium),
  };
}

/**
 * The device to join with, under the lasting key if a yes is to reach further than this meeting: it is drawn now if none is
 * in use. Where the browser stores nothing it is one for this visit only, and `keeps` is false: its person can meet, but is
 * asked nothing, for they could never take back what they said.
 */
export async function deviceToJoin(
  meeting: Meeting,
  answers: readonly Answer[],
  now: Date,
): Promise<{ readonly device: Device; readonly keeps: boolean }> {
  const { id, title, log } = meeting;
  try {
    const { device: known, canReachFurther } = await standingIn(meeting, now);
    const wider = canReachFurther && answers.some((a) => a.yes && a.scope !== undefined);
    let device = known;
    if (wider && device?.record.lasting !== true)
      device =
        (await lastingInUse(log.origin, now))?.in(id, title, now) ??
        (await Device.draw(id, log.origin, title, now, true));
    device ??= await Device.draw(id, log.origin, title, now);
    await device.keep();
    return { device, keeps: true };
  } catch (failure) {
    console.warn('device: this browser stores nothing', failure);
    return { device: await Device.draw(id, log.origin, title, now), keeps: false };
  }
}

/** The lasting key under which a yes still reaches further than a meeting. When the last one ends, the next is under a new key. */
async function lastingInUse(origin: string, now: Date): Promise<Device | undefined> {
  const held = new Map((await slips.all()).map((s) => [s.handle, s]));
  const all = await receipts.all();
  for (const device of await lastingDevices(origin))
    for (const kept of all) {
      const claims = await signedBy(kept, device);
      if (claims === undefined || claims.scope.kind === 'meeting') continue;
      const ended = !(now.getTime() < Date.parse(claims.scope.until));
      const standing = claims.choices.some(({ handle }) => {
        const slip = held.get(handle ?? '');
        return slip !== undefined && !isTaken(slip);
      });
      if (!ended && standing) return device;
    }
  return undefined;
}

/** One device for each lasting key that this browser has at a log. */
async function lastingDevices(origin: string): Promise<Device[]> {
  const byKey = new Map<string, Device>();
  for (const device of await Device.all())
    if (device.record.lasting && device.record.origin === origin) byKey.set(await device.person(), device);
  return [...byKey.values()];
}

/**
 * The receipts that can count for a device: those of its meeting and, of a lasting key, those of other meetings that it
 * signed for more than one.
 */
export async function receiptsOf(all: readonly KeptReceipt[], device: Device): Promise<KeptReceipt[]> {
  const { meeting, lasting } = device.record;
  const mine: KeptReceipt[] = [];
  for (const kept of all) {
    const wider = async () => ((await signedBy(kept, device))?.scope.kind ?? 'meeting') !== 'meeting';
    if (kept.meeting === meeting || (lasting && (await wider()))) mine.push(kept);
  }
  return mine;
}

/** What receipts say that hold for a device, here and now; one that does not hold says nothing. */
export async function provedOf(
  all: readonly KeptReceipt[],
  device: Device,
  vkey: string,
): Promise<OwnChoice[]> {
  const choices: OwnChoice[] = [];
  for (const kept of await receiptsOf(all, device))
    try {
      choices.push(...(await provedChoices(kept, device, vkey)));
    } catch (failure) {
      console.warn('a kept receipt is not proved', failure);
    }
  return choices;
}

async function signedBy(kept: KeptReceipt, device: Device): Promise<Receipt | undefined> {
  const receipt = await readKept(kept);
  return receipt?.person === (await device.person()) ? receipt : undefined;
}

async function readKept(kept: KeptReceipt): Promise<Receipt | undefined> {
  try {
    return await readReceipt(kept.receipt);
  } catch (failure) {
    console.warn('a kept receipt cannot be read', failure);
    return undefined;
  }
}

/**
 * The slips of the yeses that a no ends, under whichever key of this browser they were said: those that reach the meeting in
 * which it is said, and those that reach no further than it does itself.
 */
export async function endedBy(
  answers: readonly Answer[],
  meeting: Meeting,
  now: Date,
): Promise<readonly KeptSlip[]> {
  const noes = answers.filter((a) => !a.yes && !a.here);
  if (noes.length === 0) return [];
  const asked = await askedIn(meeting);
  const held = new Map((await slips.all()).map((s) => [s.handle, s]));
  const ended: KeptSlip[] = [];
  for (const kept of await receipts.all()) {
    const yes = await readKept(kept);
    if (yes?.origin !== meeting.log.origin) continue;
    if (yes.scope.kind !== 'meeting' && !(now.getTime() < Date.parse(yes.scope.until))) continue;
    for (const { purpose, medium, handle } of yes.choices) {
      const slip = held.get(handle ?? '');
      const no = noes.find((a) => a.purpose === purpose && a.medium === medium);
      if (!slip || isTaken(slip) || !no) continue;
      if (reaches(yes, asked) || within(yes.scope, no.scope)) ended.push(slip);
    }
  }
  return ended;
}

/** Whether a wider yes reaches no further than a no. */
function within(yes: Scope, no: WiderScope | undefined): boolean {
  if (yes.kind === 'meeting' || no === undefined) return false;
  return no.kind === 'organisation' || (yes.kind === 'room' && yes.id === no.id);
}

export function isTaken(slip: Pick<KeptSlip, 'takenAt' | 'usedAt'>): boolean {
  return slip.takenAt !== undefined || slip.usedAt !== undefined;
}

/**
 * A no for one meeting only is written down on this device before it is sent, so that neither a reload nor a server that
 * cannot be reached turns it back into the yes that it lies over.
 */
const hereOnly = (meeting: string, purpose: string, medium: string) =>
  JSON.stringify(['here', meeting, purpose, medium]);

export async function rememberHere(
  meeting: string,
  row: { readonly purpose: string; readonly medium: string },
  refused: boolean,
  now: Date,
): Promise<void> {
  const question = hereOnly(meeting, row.purpose, row.medium);
  if (refused) await refusals.put({ question, at: now.toISOString() });
  else await refusals.delete(question);
}

/** The rows that were refused in that meeting only. */
export async function refusedHere(meeting: string): Promise<ReadonlySet<string>> {
  const known = new Set((await refusals.all()).map((r) => r.question));
  const found = new Set<string>();
  for (const purpose of PURPOSES)
    for (const medium of MEDIA)
      if (known.has(hereOnly(meeting, purpose, medium))) found.add(keyOf(purpose, medium));
  return found;
}
