import { createRoot } from 'react-dom/client';
import { LogLevel, setLogLevel } from 'livekit-client';
import { App } from './shell/App';
import './shell/styles.css';
import { outbox } from './features/withdraw/outbox';
import { startWords } from './words/words';

// The first frames of somebody new come before their key; LiveKit would warn of each.
setLogLevel(LogLevel.error);

// Whatever page this is: a no that could not be said before is said now.
outbox.resend().catch((failure: unknown) => console.warn('withdrawals cannot be read', failure));

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root');
void startWords().then(() => createRoot(root).render(<App />));
