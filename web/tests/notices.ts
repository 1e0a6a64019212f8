/** A notice as the contract describes it, for tests of the page; the server's own texts are the server's. */
const rows = {
  en: [
    [
      'captions',
      'Captions',
      'Your voice is turned into text, shown live, then forgotten.',
      ['voice'],
      'Gone when the line leaves the screen.',
    ],
    [
      'notes',
      'Notes',
      'Your voice and chat become part of the transcript and the summary.',
      ['voice', 'chat'],
      'Kept for 90 days.',
    ],
    [
      'training',
      'Learning',
      'Example Org may train its own models on your voice and words.',
      ['voice', 'chat'],
      'Kept until you take it back, at most a year.',
    ],
  ],
  nl: [
    [
      'captions',
      'Ondertitels',
      'Je stem wordt tekst, die live te zien is en daarna wordt vergeten.',
      ['voice'],
      'Weg zodra de regel van het scherm is.',
    ],
    [
      'notes',
      'Notulen',
      'Je stem en chat komen in het verslag en de samenvatting.',
      ['voice', 'chat'],
      'Wordt 90 dagen bewaard.',
    ],
    [
      'training',
      'Leren',
      'Example Org mag eigen modellen laten leren van je stem en woorden.',
      ['voice', 'chat'],
      'Bewaard tot je het terugneemt, hoogstens een jaar.',
    ],
  ],
} as const;

const media = {
  en: { voice: 'Your voice', chat: 'Your chat messages' },
  nl: { voice: 'Je stem', chat: 'Je chatberichten' },
};

export function noticeText(locale: 'en' | 'nl'): string {
  const en = locale === 'en';
  return JSON.stringify({
    version: 1,
    locale,
    controller: {
      name: 'Example Org',
      contact: 'privacy@example.org',
      authority: en ? 'Your data-protection authority' : 'De Autoriteit Persoonsgegevens',
    },
    lead: en
      ? [
          'This meeting can use AI — only with the people who say yes.',
          'Whatever you choose, you can do everything in the meeting.',
        ]
      : [
          'Deze vergadering kan AI gebruiken — alleen bij wie ja zegt.',
          'Wat je ook kiest, je kunt alles in de vergadering.',
        ],
    rows: rows[locale].map(([purpose, label, sentence, of, retention]) => ({
      purpose,
      label,
      sentence,
      media: of.map((medium) => ({ medium, label: media[locale][medium] })),
      recipient: en ? 'The Aye companion on this server' : 'De Aye-assistent op deze server',
      retention,
      basis: en ? 'Your consent (GDPR art. 6(1)(a))' : 'Je toestemming (AVG art. 6 lid 1 onder a)',
      undo: en
        ? 'Say no: it stops at once and what was kept is deleted.'
        : 'Zeg nee: het stopt meteen en wat bewaard is wordt gewist.',
    })),
    foot: en
      ? [
          'No answer means no. Nobody gets a list of choices; captions and notes do show who said yes. Change it any time.',
        ]
      : [
          'Geen antwoord is nee. Niemand krijgt een lijst van wie wat koos; aan ondertitels en notulen is wel te zien wie ja zei. Je kunt het altijd veranderen.',
        ],
    full: en
      ? ['Example Org decides what your data is used for.']
      : ['Example Org bepaalt waar je gegevens voor worden gebruikt.'],
  });
}

/** As long as a recipient's key is (65 bytes), and nobody's. */
export const RECIPIENT_KEY = `B${'A'.repeat(86)}`;
