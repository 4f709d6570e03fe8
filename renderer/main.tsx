// Composition of the window: services made once, then React.
import './no-eval';
// base.css first: it orders the layers.
import './styles/base.css';
import '@mantine/core/styles.layer.css';
import '@mantine/spotlight/styles.layer.css';
import './styles/tokens.css';
import './styles/mantine.css';
import './styles/page.css';
import './styles/parts.css';
import './styles/notices.css';
import { MantineProvider } from '@mantine/core';
import { createRoot } from 'react-dom/client';
import { I18nextProvider } from 'react-i18next';
import { App } from './app';
import { createConnection } from './connect';
import { pageDial } from './dial';
import { createI18n } from './i18n';
import { createActions } from './state/actions';
import { ServicesProvider } from './state/context';
import { createAppStore } from './state/store';
import { startSync } from './state/sync';
import { createWatch } from './state/watch';
import { adoptThemeVariables, theme } from './theme';

adoptThemeVariables();

const i18n = createI18n();
const connection = createConnection(pageDial());
const store = createAppStore();
const actions = createActions(connection.client, store);
const watch = createWatch(connection.client);
startSync(connection, store);

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <I18nextProvider i18n={i18n}>
        <ServicesProvider value={{ connection, store, actions, watch }}>
          <App />
        </ServicesProvider>
      </I18nextProvider>
    </MantineProvider>,
  );
}
