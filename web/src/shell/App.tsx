import { useTranslation } from 'react-i18next';
import { Invitation } from '../features/invitation/Invitation';
import { Landing } from '../features/landing/Landing';
import { Me } from '../features/me/Me';
import { ReceiptPage } from '../features/paper/ReceiptPage';
import { MeetingPage } from '../features/room/MeetingPage';
import { Transparency } from '../features/transparency/Transparency';
import { Withdraw } from '../features/withdraw/Withdraw';
import { route } from './route';
import { useStore } from './store';
import { Link, Page } from './ui';

export function App() {
  const { t } = useTranslation();
  const { at, visit } = useStore(route);
  switch (at.page) {
    case 'landing':
      return <Landing key={visit} />;
    case 'meeting':
      return <MeetingPage key={visit} id={at.id} />;
    case 'invitation':
      return <Invitation key={visit} id={at.id} />;
    case 'me':
      return <Me key={visit} />;
    case 'receipt':
      return <ReceiptPage key={visit} id={at.id} />;
    case 'withdraw':
      return <Withdraw key={visit} />;
    case 'transparency':
      return <Transparency key={visit} />;
    case 'nowhere':
      return (
        <Page title={t('notFound.title')}>
          <p>{t('notFound.text')}</p>
          <div>
            <Link to="/" className="button">
              {t('nav.start')}
            </Link>
          </div>
        </Page>
      );
  }
}
