import i18next from 'i18next';
import { LogBroken } from '../log/fork';
import { CannotVerify, LogMismatch } from '../log/note';
import { Problem } from './client';
import { wordsOfLog, wordsOfProblem } from './problems';

/** What a failure means for the person, in a sentence of the chosen language. */
export function sentence(failure: unknown): string {
  const t = i18next.t;
  if (failure instanceof CannotVerify) return t('errors.cannotVerify');
  if (failure instanceof LogBroken) return t(`broken.${failure.finding.is}Short`);
  if (failure instanceof LogMismatch)
    return t('errors.log', { why: t(`errors.logWhy.${wordsOfLog(failure.message) ?? 'malformed'}`) });
  if (failure instanceof Problem) {
    if (failure.slug === 'slow') return t('errors.slow');
    if (failure.slug === 'offline') return t('errors.offline');
    const words = wordsOfProblem(failure.slug);
    if (words !== undefined) return t(`errors.problems.${words}`);
    if (failure.status === 404) return t('errors.problems.noMeeting');
    if (failure.status === 410) return t('errors.problems.ended');
    if (failure.status === 429) return t('errors.problems.tooMany');
    if (failure.status === 401 || failure.status === 403) return t('errors.problems.forbidden');
    if (failure.status >= 500) return t('errors.server');
  }
  if (storageRefused(failure)) return t('errors.storage');
  // What programs say of themselves is English and is in the console.
  return t('errors.unknown');
}

/**
 * What it means that a no was not confirmed: it stays a no, for no answer is one already; `stood` is the yes that it was to
 * end, if there was one. A no that was refused for what is wrong with it is told as any answer.
 */
export function sentenceOfNo(failure: unknown, stood: 'here' | 'elsewhere' | undefined): string {
  if (!unconfirmed(failure)) return sentence(failure);
  if (stood === undefined) return i18next.t('errors.no');
  return i18next.t(stood === 'here' ? 'errors.noAfterYes' : 'errors.noHere');
}

/** The same of a receipt that says yes as well: the yes does not count, the no stays one. */
export function sentenceOfBoth(failure: unknown): string {
  return unconfirmed(failure) ? `${sentence(failure)} ${i18next.t('errors.noBeside')}` : sentence(failure);
}

function unconfirmed(failure: unknown): boolean {
  return (
    failure instanceof Problem && (failure.status === 0 || failure.status === 429 || failure.status >= 500)
  );
}

function storageRefused(failure: unknown): boolean {
  return failure instanceof DOMException && /Quota|InvalidState|Security/.test(failure.name);
}

/** Why a check could not be made, and what to do. */
export function whyUnchecked(failure: unknown): string {
  return storageRefused(failure) ? i18next.t('errors.noMemory') : sentence(failure);
}

/** Why a single thing is not proved by the log; nothing where it only is not there as it is said to be. */
export function besides(failure: unknown): string {
  return failure === undefined || (failure instanceof LogMismatch && !(failure instanceof LogBroken))
    ? ''
    : sentence(failure);
}

/** Why camera and microphone did not start. */
export function mediaSentence(failure: unknown): string {
  const t = i18next.t;
  const name = failure instanceof DOMException ? failure.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return t('errors.media.denied');
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return t('errors.media.missing');
  if (name === 'NotReadableError' || name === 'AbortError') return t('errors.media.busy');
  return t('errors.media.other');
}
