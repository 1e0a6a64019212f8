import { useTranslation } from 'react-i18next';
import { Landing } from '../features/landing/Landing';
import { Page } from './ui';
import { route } from './route';
import { useStore } from './store';

export function App() {
  const { t } = useTranslation();
  const { at, visit } = useStore(route);
  switch (at.page) {
    case 'landing':
      return <Landing key={visit} />;
    default:
      return (
        <Page title={t('notFound.title')}>
          <p>{t('notFound.text')}</p>
        </Page>
      );
  }
}
