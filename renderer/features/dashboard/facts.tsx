// What runs, on what, and why this accelerator: with the verdict on each of the others.
import { Popover } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { AcceleratorVerdict } from '../../../preload/contract';
import { useFormat } from '../../format';
import { useStore } from '../../state/context';
import { StateMark } from '../../ui/state-mark';
import { useVerdictText } from '../../ui/verdict-text';
import css from './dashboard.module.css';

export function Facts(): ReactNode {
  const { t } = useTranslation(['dashboard', 'vm']);
  const format = useFormat();
  const status = useStore((s) => s.vm.status);
  if (status === undefined) {
    return null;
  }
  const { engine, accelerator } = status;
  return (
    <dl className={`facts ${css['facts']}`}>
      <dt>{t('facts.engine')}</dt>
      <dd className="ell">
        {engine === undefined ? (
          <span className="t3">{t('facts.notRunning')}</span>
        ) : (
          <>
            {t('facts.docker', { version: engine.version })} <span className="t3">{t('facts.api', { version: engine.apiVersion })}</span>
          </>
        )}
      </dd>
      <dt>{t('facts.accelerator')}</dt>
      <dd className="ell">
        {accelerator === undefined ? <span className="t3">{t('facts.notProved')}</span> : <InForce verdict={accelerator} />}
      </dd>
      <dt>{t('facts.machine')}</dt>
      <dd className="ell">
        {t(status.state === 'stopped' || status.state === 'failed' ? 'facts.sizeNext' : 'facts.size', {
          cpus: status.cpus,
          memory: format.memory(status.memoryBytes),
        })}
      </dd>
      <dt />
      <dd>
        <Why />
      </dd>
    </dl>
  );
}

function InForce({ verdict }: { readonly verdict: AcceleratorVerdict }): ReactNode {
  const { t } = useTranslation(['dashboard', 'vm']);
  const format = useFormat();
  return (
    <>
      {t(`vm:accelerator.name.${verdict.name}`)} <span className={verdict.name === 'tcg' ? 't3' : 'c-run'}>{t('facts.proved')}</span>{' '}
      {verdict.seconds > 0 ? <span className="t3">{format.seconds(verdict.seconds)}</span> : null}
    </>
  );
}

function Why(): ReactNode {
  const { t } = useTranslation(['dashboard', 'vm']);
  const format = useFormat();
  const words = useVerdictText();
  const limits = useStore((s) => s.vm.limits);
  const inForce = useStore((s) => s.vm.status?.accelerator?.name);
  if (limits === undefined) {
    return null;
  }
  return (
    <Popover position="bottom-start" width={420} trapFocus returnFocus>
      <Popover.Target>
        <button type="button" className="link">
          {t('facts.why')}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <ul className={css['verdicts']} tabIndex={-1} data-autofocus>
          {limits.accelerators.map((verdict) => (
            <li key={verdict.name}>
              <StateMark kind={verdict.works ? 'pass' : 'fail'} label={t(verdict.works ? 'facts.works' : 'facts.worksNot')} />
              <div>
                <b>{t(`vm:accelerator.name.${verdict.name}`)}</b>{' '}
                {verdict.name === inForce ? <span className="badge acc">{t('facts.inForce')}</span> : null}
                <p>{words(verdict)}</p>
              </div>
              <span className="t3 s">
                {verdict.seconds > 0 ? `${format.seconds(verdict.seconds)}${verdict.remembered ? t('facts.remembered') : ''}` : ''}
              </span>
            </li>
          ))}
        </ul>
      </Popover.Dropdown>
    </Popover>
  );
}
