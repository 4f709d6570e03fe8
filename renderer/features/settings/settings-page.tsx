// Settings: what applies at once (language, theme) and what waits for the next start (the machine).
import { Button, SegmentedControl } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Settings } from '../../../preload/contract';
import { href } from '../../routes';
import { useStore } from '../../state/context';
import { useCall } from '../../state/use-call';
import { SkeletonRows } from '../../ui/delayed';
import { ErrorNotice } from '../../ui/error-notice';
import { HostAccessSection } from './host-access-section';
import { IdleSettings } from './idle-settings';
import css from './settings.module.css';
import { VmSettings } from './vm-settings';

const LANGUAGES = ['system', 'zh-CN', 'en'] as const;
const THEMES = ['system', 'light', 'dark'] as const;

export function SettingsPage(): ReactNode {
  const settings = useStore((s) => s.settings);
  const limits = useStore((s) => s.vm.limits);
  return (
    <div className="scroll">
      {settings === undefined ? (
        <SkeletonRows rows={4} widths={[120, 260]} />
      ) : (
        <div className={css['page']}>
          <Window settings={settings} />
          <Engine />
          <HostAccessSection />
          {limits === undefined ? <SkeletonRows rows={3} widths={[120, 260]} /> : <VmSettings settings={settings} limits={limits} />}
          <IdleSettings settings={settings} />
        </div>
      )}
    </div>
  );
}

/** What needs a whole page. */
function Engine(): ReactNode {
  const { t } = useTranslation('settings');
  return (
    <section>
      <h2>{t('engine.title')}</h2>
      <div className={css['line']}>
        <div>
          <h3>daemon.json</h3>
          <p>{t('engine.text')}</p>
        </div>
        <Button component="a" href={href('settings', 'engine')}>
          {t('engine.open')}
        </Button>
      </div>
      <div className={css['line']}>
        <div>
          <h3>{t('shares.title')}</h3>
          <p>{t('shares.text')}</p>
        </div>
        <Button component="a" href={href('settings', 'shares')} aria-label={t('shares.title')}>
          {t('shares.open')}
        </Button>
      </div>
      <div className={css['line']}>
        <div>
          <h3>{t('tools.title')}</h3>
          <p>{t('tools.text')}</p>
        </div>
        <Button component="a" href={href('settings', 'tools')} aria-label={t('tools.title')}>
          {t('tools.open')}
        </Button>
      </div>
      <div className={css['line']}>
        <div>
          <h3>{t('diagnostics.title')}</h3>
          <p>{t('diagnostics.text')}</p>
        </div>
        <Button component="a" href={href('settings', 'diagnostics')} aria-label={t('diagnostics.title')}>
          {t('diagnostics.open')}
        </Button>
      </div>
    </section>
  );
}

function Window({ settings }: { readonly settings: Settings }): ReactNode {
  const { t } = useTranslation('settings');
  const set = useCall('settings.set');
  return (
    <section>
      <h2>{t('window.title')}</h2>
      {set.error === undefined ? null : <ErrorNotice error={set.error} onDismiss={set.reset} />}
      <div className={css['line']}>
        <div>
          <h3>{t('window.language')}</h3>
          <p>{t('window.languageText')}</p>
        </div>
        <SegmentedControl
          aria-label={t('window.language')}
          value={settings.language}
          onChange={(value) => void set.run({ language: LANGUAGES.find((name) => name === value) })}
          data={LANGUAGES.map((value) => ({ value, label: t(`window.languages.${value}`) }))}
        />
      </div>
      <div className={css['line']}>
        <div>
          <h3>{t('window.theme')}</h3>
        </div>
        <SegmentedControl
          aria-label={t('window.theme')}
          value={settings.theme}
          onChange={(value) => void set.run({ theme: THEMES.find((name) => name === value) })}
          data={THEMES.map((value) => ({ value, label: t(`window.themes.${value}`) }))}
        />
      </div>
    </section>
  );
}
