import i18next from 'i18next';
import { CannotVerify, LogMismatch } from '../log/note';
import { Problem } from './client';

/** What a failure means for the person, in a sentence of the chosen language. */
export function sentence(failure: unknown): string {
  const t = i18next.t;
  if (failure instanceof CannotVerify) return t('errors.cannotVerify');
  if (failure instanceof LogMismatch) return t('errors.log', { why: failure.message });
  if (failure instanceof Problem) {
    if (failure.slug === 'offline') return t('errors.offline');
    if (/full/.test(failure.slug)) return t('errors.full');
    if (/ended|gone/.test(failure.slug) || failure.status === 410) return t('errors.ended');
    if (failure.slug === 'link-incomplete') return t('errors.link');
    if (failure.status === 404) return t('errors.notFound');
    if (failure.status === 429) return t('errors.tooMany');
    if (failure.status >= 500) return t('errors.server');
    if (failure.message !== '') return t('errors.unknown', { detail: failure.message });
    if (failure.status === 401 || failure.status === 403) return t('errors.forbidden');
  }
  if (failure instanceof DOMException && /Quota|InvalidState|Security/.test(failure.name))
    return t('errors.storage');
  return t('errors.unknown', { detail: failure instanceof Error ? failure.message : String(failure) });
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
