// The sections, with a mark where something in them is wrong.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConfigProblem } from '../../../../preload/contract';
import { href } from '../../../routes';
import { StateMark } from '../../../ui/state-mark';
import { useEngineForm } from './engine-form';
import css from './engine.module.css';
import { engineSections, sectionOf } from './section-list';

export function SectionNav({ current }: { readonly current: string }): ReactNode {
  const { t } = useTranslation('engine-settings');
  const { problems, refused } = useEngineForm();
  const worst = (id: string): ConfigProblem['severity'] | undefined => {
    const own = problems.filter(({ path }) => path.length > 0 && sectionOf(String(path[0])) === id);
    const wrong = own.some(({ severity }) => severity === 'error') || (refused !== undefined && sectionOf(refused.key) === id);
    return wrong ? 'error' : own[0]?.severity;
  };
  return (
    <nav className={css['sections']} aria-label={t('sections')}>
      {engineSections.map(({ id }) => {
        const severity = worst(id);
        return (
          <a key={id} href={href('settings', 'engine', id)} {...(id === current ? { 'aria-current': 'page' as const } : {})}>
            {t(`section.${id}`)}
            {severity === undefined ? null : (
              <StateMark kind={severity === 'error' ? 'fail' : 'warn'} className="end" label={t(`severity.${severity}`)} />
            )}
          </a>
        );
      })}
    </nav>
  );
}
