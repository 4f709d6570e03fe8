// Several at once: the bar over the table's foot, and the summary with one line for each failure.
import { IconPlayerPlay, IconPlayerStop, IconRefresh, IconTrash, IconX } from '@tabler/icons-react';
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '../../ui/error-text';
import { Icon } from '../../ui/icon';
import { IconButton } from '../../ui/icon-button';
import { SelectionBar } from '../../ui/list-page';
import { StateMark } from '../../ui/state-mark';
import styles from './containers.module.css';
import { isUp } from './state';
import type { ReactNode } from 'react';
import type { ContainerSummary } from '../../../preload/contract';
import type { BulkResult, Verb } from './verbs';

interface BulkBarProps {
  readonly containers: readonly ContainerSummary[];
  readonly disabled: boolean;
  readonly onVerb: (verb: Verb, containers: readonly ContainerSummary[]) => void;
  readonly onClear: () => void;
}

export function BulkBar({ containers, disabled, onVerb, onClear }: BulkBarProps): ReactNode {
  const { t } = useTranslation('containers');
  const up = containers.filter(isUp);
  const down = containers.filter((container) => !isUp(container));
  const paused = containers.filter(({ state }) => state === 'paused');
  const button = (verb: Verb, icon: typeof IconX, list: readonly ContainerSummary[]): ReactNode => (
    <Button
      variant="subtle"
      leftSection={<Icon of={icon} small />}
      disabled={disabled || list.length === 0}
      onClick={() => {
        onVerb(verb, list);
      }}
    >
      {t(`action.${verb}`)}
    </Button>
  );
  return (
    <SelectionBar count={containers.length} onClear={onClear}>
      {button('starting', IconPlayerPlay, down)}
      {paused.length > 0 && button('unpausing', IconPlayerPlay, paused)}
      {button('stopping', IconPlayerStop, up)}
      {button('restarting', IconRefresh, up)}
      <span className="vr" />
      {button('removing', IconTrash, containers)}
    </SelectionBar>
  );
}

interface BulkReportProps {
  readonly result: BulkResult;
  readonly onDismiss: () => void;
}

export function BulkReport({ result, onDismiss }: BulkReportProps): ReactNode {
  const { t } = useTranslation(['containers', 'common']);
  const errorText = useErrorText();
  const title = t(`bulk.title.${result.verb}`, { done: result.done });
  return (
    <div className={styles.strip}>
      <div className="note bad" role="alert">
        <StateMark kind="sick" />
        <div className="title">{t('bulk.failed', { title, count: result.failed.length })}</div>
        <div className="close">
          <IconButton small icon={IconX} label={t('common:dismiss')} onClick={onDismiss} />
        </div>
        <ul className={styles.failures}>
          {result.failed.map(({ id, name, error }) => {
            const { title: what, detail } = errorText(error);
            return (
              <li key={id}>
                <b className="med">{name}</b>: {what} {detail !== '' && !what.includes(detail) && <code lang="en">{detail}</code>}
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}
