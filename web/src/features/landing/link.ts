import { b64u, random, unb64u, type Bytes } from '../bytes/bytes';
import { createdMeeting } from '../consent/keeping';
import { recall, remember } from '../../shell/remember';

/**
 * The link secret of a meeting. The browser that makes the meeting draws it; it lives in the fragment of the link, in
 * this tab's session storage and, at its maker, in IndexedDB. It is never part of a request.
 */
export function drawLinkSecret(): string {
  return b64u(random(32));
}

const place = (meeting: string) => `aye.link.${meeting}`;

export function rememberLink(meeting: string, secret: string): void {
  unb64u(secret, 32);
  remember('tab', place(meeting), secret);
}

/** The secret from the address bar, from this tab, or from the meeting having been made here. */
export async function findLinkSecret(meeting: string, fragment: string): Promise<Bytes | undefined> {
  for (const candidate of [fragment.replace(/^#/, ''), recall('tab', place(meeting)) ?? '']) {
    try {
      if (candidate === '') continue;
      const secret = unb64u(candidate, 32);
      remember('tab', place(meeting), candidate);
      return secret;
    } catch {
      // A fragment that is no secret is the same as none: the page then asks for the whole link.
    }
  }
  const created = await createdMeeting(meeting);
  return created ? unb64u(created.secret, 32) : undefined;
}

/** The page on which the invited can read beforehand what may be asked: the same meeting, the same secret. */
export function invitationLink(link: string): string {
  return link.replace(/\/m\/(?=[^/#]+#)/, '/i/');
}

/** The meeting and secret of a pasted link, when it is a whole one. */
export function readLink(link: string): { meeting: string; secret: string } | undefined {
  const match = /\/[mi]\/([A-Za-z0-9_-]{1,64})\/?#([A-Za-z0-9_-]{43})$/.exec(link.trim());
  return match ? { meeting: match[1] ?? '', secret: match[2] ?? '' } : undefined;
}
