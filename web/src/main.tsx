import { createRoot } from 'react-dom/client';
import { App } from './shell/App';
import './shell/styles.css';
import { startWords } from './words/words';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root');
void startWords().then(() => createRoot(root).render(<App />));
