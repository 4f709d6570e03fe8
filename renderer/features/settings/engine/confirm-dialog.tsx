// Asks before a change that warns, stops containers or hides images: names what, what stays, and the way back. Cancel has the focus.
import { Button, Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConfigCheck } from '../../../../preload/contract';
import { useFormat } from '../../../format';
import { useErrorText } from '../../../ui/error-text';
import { StateMark } from '../../../ui/state-mark';
import applyCss from './apply.module.css';
import fieldCss from './field.module.css';

interface ConfirmDialogProps {
  readonly check: ConfigCheck;
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
}

/** More would push the buttons out of sight. */
const NAMES = 8;

export function ConfirmDialog({ check, onConfirm, onCancel }: ConfirmDialogProps): ReactNode {
  const { t } = useTranslation(['engine-settings', 'common']);
  const format = useFormat();
  const errorText = useErrorText();
  const { effects } = check;
  const warnings = check.problems.filter(({ severity }) => severity === 'warning');
  const stops = effects.stops.length;
  const hides = effects.hidesImages + effects.hidesContainers > 0;
  const keys = check.changes.filter((change) => change.class === 'disruptive').map(({ key }) => key);
  const disruptive = check.class === 'disruptive' && (stops > 0 || hides);
  const more = stops - NAMES;
  return (
    <Modal
      opened
      onClose={onCancel}
      size={500}
      title={t(disruptive ? 'confirm.title' : 'confirm.titleWarnings', { count: warnings.length })}
      closeButtonProps={{ 'aria-label': t('common:close') }}
    >
      {warnings.map((problem, index) => {
        const text = errorText(problem.error);
        return (
          <p key={index} className={fieldCss['warn']}>
            <StateMark kind="warn" />
            <span>{t('field.problem', { title: text.title, next: text.next })}</span>
          </p>
        );
      })}
      {disruptive ? (
        <dl className={applyCss['effects']}>
          {stops === 0 ? null : (
            <>
              <dt>{t('confirm.stops', { count: stops })}</dt>
              <dd>
                <code>{effects.stops.slice(0, NAMES).join(', ')}</code>
                {more > 0 ? ` ${t('confirm.others', { count: more })}` : null}
                <p className="t2">{t('confirm.startAgain')}</p>
              </dd>
            </>
          )}
          {hides ? (
            <>
              <dt>{t('confirm.hides')}</dt>
              <dd>
                {t('confirm.hidden', {
                  images: effects.hidesImages,
                  containers: effects.hidesContainers,
                  size: format.bytes(effects.hidesBytes),
                })}
              </dd>
            </>
          ) : null}
          <dt>{t('confirm.stays')}</dt>
          <dd>{t(hides ? 'confirm.staysHidden' : 'confirm.staysAll')}</dd>
          <dt>{t('confirm.back')}</dt>
          <dd>{t('confirm.backText', { keys: keys.join(', ') })}</dd>
        </dl>
      ) : null}
      <div className="modal-foot">
        <Button data-autofocus onClick={onCancel}>
          {t('common:cancel')}
        </Button>
        <Button variant="filled" {...(disruptive ? { color: 'bad' } : {})} onClick={onConfirm}>
          {stops > 0 ? t('confirm.doStop', { count: stops }) : hides ? t('confirm.doHide') : t('confirm.do')}
        </Button>
      </div>
    </Modal>
  );
}
