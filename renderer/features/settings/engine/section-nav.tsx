// The sections, with a mark where something in them is wrong.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConfigProblem } from '../../../../preload/contract';
import { href } from '../../../routes';
import { StateMark } from '../../../ui/state-mark';
import css from './engine.module.css';
import { engineSections, sectionOf } from './section-list';

interface SectionNavProps {
  readonly current: string;
  readonly problems: readonly ConfigProblem[];
}

export function SectionNav({ current, problems }: SectionNavProps): ReactNode {
  const { t } = useTranslation('engine-settings');
  const worst = (id: string): ConfigProblem['severity'] | undefined => {
    const own = problems.filter(({ path }) => path.length > 0 && sectionOf(String(path[0])) === id);
    return own.some(({ severity }) => severity === 'error') ? 'error' : own[0]?.severity;
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
