// One mirror: grip, place, switch, name and address, last test, what stands out, menu.
import { Button, Menu, Switch } from '@mantine/core';
import {
  IconActivity,
  IconArrowBarToDown,
  IconArrowBarToUp,
  IconArrowDown,
  IconArrowUp,
  IconCopy,
  IconDots,
  IconGripVertical,
  IconPencil,
  IconTrash,
} from '@tabler/icons-react';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Mirror, MirrorProposal, MirrorTest, MirrorTestStep, WireError } from '../../../preload/contract';
import { useFormat } from '../../format';
import type { DraftMirror } from '../../state/slices/mirrors';
import { useErrorText } from '../../ui/error-text';
import { Icon } from '../../ui/icon';
import { StateMark } from '../../ui/state-mark';
import { useCopy } from '../../ui/use-copy';
import css from './mirror-list.module.css';
import { TestLine, TestMeaning } from './test-line';
import { Verdict } from './verdict';
import { during } from './sorting';
import type { Sorting } from './sorting';
import type { ReactNode } from 'react';

export interface RowFacts {
  readonly name: string;
  readonly test: MirrorTest | undefined;
  readonly live: readonly MirrorTestStep[] | undefined;
  readonly reason: MirrorProposal['reason'] | undefined;
  /** In the saved list; missing for one that is new. */
  readonly saved: Mirror | undefined;
  readonly suspended: boolean;
  readonly error: WireError | undefined;
  readonly scale: number;
}

export interface RowActions {
  readonly toggle: (key: string, enabled: boolean) => void;
  readonly edit: (item: DraftMirror) => void;
  readonly test: (url: string) => void;
  readonly moveTo: (key: string, place: number) => void;
  readonly remove: (item: DraftMirror) => void;
}

interface MirrorRowProps {
  readonly item: DraftMirror;
  readonly place: number;
  readonly count: number;
  readonly facts: RowFacts;
  readonly sorting: Sorting;
  readonly actions: RowActions;
}

export function MirrorRow({ item, place, count, facts, sorting, actions }: MirrorRowProps): ReactNode {
  const { t } = useTranslation('mirrors');
  const { key, url, note, enabled } = item;
  const { name, test, live, saved } = facts;
  const { drop } = sorting;
  const dragged = drop?.key === key;
  const own = sorting.row(key);
  const now = during(drop, place);
  return (
    <li
      className={css['mr']}
      data-sort={key}
      data-off={!enabled || undefined}
      data-dragged={dragged || undefined}
      data-grabbed={sorting.grabbed === key || undefined}
      style={now.shift === 0 ? undefined : { transform: `translateY(${String(now.shift)}px)` }}
      aria-label={name}
      {...own}
    >
      <button
        type="button"
        className={css['grip']}
        aria-label={t('row.grip', { name, place: place + 1, count })}
        aria-describedby="mirrors-keys"
        aria-pressed={sorting.grabbed === key}
        {...sorting.grip(key)}
      >
        <Icon of={IconGripVertical} />
      </button>
      <span className={css['place']}>{now.place + 1}</span>
      <Switch
        className={css['switch'] ?? ''}
        checked={enabled}
        withThumbIndicator={false}
        aria-label={t(enabled ? 'row.switchOff' : 'row.switchOn', { name })}
        onChange={(event) => actions.toggle(key, event.currentTarget.checked)}
      />
      <div className={css['body']}>
        <div className={css['ttl']}>
          <b className="ell" title={name}>
            {name}
          </b>
          <code className="ell" title={url}>
            {url}
          </code>
          {saved === undefined ? <span className="badge acc">{t('row.new')}</span> : null}
          <Tested test={test} running={live !== undefined} reason={facts.reason} />
        </div>
        <TestLine test={test} live={live} scale={facts.scale} />
        {live === undefined ? <TestMeaning test={test} /> : null}
        {note === '' ? null : <p className={css['note']}>{note}</p>}
        <Standing facts={facts} enabled={enabled} onOff={() => actions.toggle(key, false)} />
        <RowError error={facts.error} />
      </div>
      <RowMenu item={item} place={place} count={count} name={name} actions={actions} />
    </li>
  );
}

export function Tested({
  test,
  running,
  reason,
}: {
  readonly test: MirrorTest | undefined;
  readonly running: boolean;
  readonly reason?: MirrorProposal['reason'] | undefined;
}): ReactNode {
  const { t } = useTranslation('mirrors');
  const format = useFormat();
  return (
    <span
      className={css['tested']}
      title={test === undefined ? undefined : t('row.testedAt', { time: format.moment(test.at), image: test.image })}
    >
      <Verdict test={test} running={running} reason={reason} />
    </span>
  );
}

/** What pulls found, apart from any test. */
function Standing({
  facts,
  enabled,
  onOff,
}: {
  readonly facts: RowFacts;
  readonly enabled: boolean;
  readonly onOff: () => void;
}): ReactNode {
  const { t } = useTranslation('mirrors');
  const { saved, suspended } = facts;
  const failing = saved?.offerDisable === true;
  if (!enabled || (!suspended && !failing)) {
    return null;
  }
  return (
    <p className={css['standing']}>
      <StateMark kind={suspended ? 'pause' : 'warn'} />
      <span>{suspended ? t('row.suspended') : t('row.failing', { count: saved?.failures ?? 0 })}</span>
      <Button size="compact-xs" onClick={onOff}>
        {t('row.off')}
      </Button>
    </p>
  );
}

function RowError({ error }: { readonly error: WireError | undefined }): ReactNode {
  const text = useErrorText();
  return error === undefined ? null : (
    <p className={`${css['meaning'] ?? ''} c-bad row`} role="alert">
      <StateMark kind="fail" />
      {text(error).title}
    </p>
  );
}

interface RowMenuProps extends Pick<MirrorRowProps, 'item' | 'place' | 'count' | 'actions'> {
  readonly name: string;
}

const RowMenu = memo(function RowMenu({ item, place, count, name, actions }: RowMenuProps): ReactNode {
  const { t } = useTranslation('mirrors');
  const { copy } = useCopy();
  const { key, url } = item;
  const last = count - 1;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <button type="button" className={css['more']} aria-label={t('row.more', { name })}>
          <Icon of={IconDots} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Icon of={IconPencil} small />} onClick={() => actions.edit(item)}>
          {t('menu.edit')}
        </Menu.Item>
        <Menu.Item leftSection={<Icon of={IconActivity} small />} onClick={() => actions.test(url)}>
          {t('menu.test')}
        </Menu.Item>
        <Menu.Item leftSection={<Icon of={IconCopy} small />} onClick={() => copy(url)}>
          {t('menu.copy')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<Icon of={IconArrowBarToUp} small />} disabled={place === 0} onClick={() => actions.moveTo(key, 0)}>
          {t('menu.top')}
        </Menu.Item>
        <Menu.Item
          leftSection={<Icon of={IconArrowUp} small />}
          rightSection={<kbd>Alt ↑</kbd>}
          disabled={place === 0}
          onClick={() => actions.moveTo(key, place - 1)}
        >
          {t('menu.up')}
        </Menu.Item>
        <Menu.Item
          leftSection={<Icon of={IconArrowDown} small />}
          rightSection={<kbd>Alt ↓</kbd>}
          disabled={place === last}
          onClick={() => actions.moveTo(key, place + 1)}
        >
          {t('menu.down')}
        </Menu.Item>
        <Menu.Item leftSection={<Icon of={IconArrowBarToDown} small />} disabled={place === last} onClick={() => actions.moveTo(key, last)}>
          {t('menu.bottom')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<Icon of={IconTrash} small />} data-danger onClick={() => actions.remove(item)}>
          {t('menu.remove')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
});
