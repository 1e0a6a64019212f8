import { createRoot } from 'react-dom/client';
import { LogLevel, setLogLevel } from 'livekit-client';
import { App } from './shell/App';
import './shell/styles.css';
import { startWords } from './words/words';

// The first frames of somebody new come before their key; LiveKit would warn of each.
setLogLevel(LogLevel.error);

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root');
void startWords().then(() => createRoot(root).render(<App />));
