import { useTranslation } from 'react-i18next';
import { CopyButton } from '../../shell/ui';
import { invitationLink } from '../landing/link';

/** The two things that one sends to the others: the bare link, and a few words with the page to read beforehand. */
export function Share({ link, title }: { readonly link: string; readonly title: string }) {
  const { t } = useTranslation();
  const words = [
    title === '' ? t('invitation.text') : t('invitation.textAbout', { title }),
    t('invitation.textJoin', { link }),
    t('invitation.textRead', { link: invitationLink(link) }),
    t('invitation.textNo'),
  ].join('\n');
  return (
    <>
      <CopyButton text={link} label={t('room.invite')} />
      <CopyButton text={words} label={t('invitation.copy')} />
    </>
  );
}
