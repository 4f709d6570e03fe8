// Above a log: search on the left, what is asked for and how it is shown on the right.
import { ActionIcon, Select, Switch, Tooltip } from '@mantine/core';
import { IconChevronDown, IconChevronUp, IconDownload, IconEraser, IconLetterCase, IconRegex, IconSearch } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../ui/icon';
import { IconButton } from '../../ui/icon-button';
import styles from './logs.module.css';
import type { ReactNode } from 'react';
import type { LogSnapshot } from '../../ui/log-view-buffer';
import type { SearchState } from './logs-tab';
import type { LogRange } from './use-log-stream';

interface LogToolbarProps {
  readonly search: SearchState;
  readonly onSearch: (search: SearchState) => void;
  /** The text is no regular expression. */
  readonly invalid: boolean;
  readonly state: LogSnapshot;
  readonly at: number | undefined;
  readonly onStep: (direction: 1 | -1) => void;
  readonly range: LogRange;
  readonly onRange: (range: LogRange) => void;
  readonly timestamps: boolean;
  readonly onTimestamps: (on: boolean) => void;
  readonly wrap: boolean;
  readonly onWrap: (on: boolean) => void;
  readonly onClear: () => void;
  readonly onDownload: () => void;
  readonly downloading: boolean;
}

const tails = [100, 1000, 10_000, 100_000, -1];
const spans = [0, 900, 3600, 86_400];

export function LogToolbar(props: LogToolbarProps): ReactNode {
  const { t } = useTranslation('logs');
  const { range, onRange } = props;
  return (
    <div className={styles.toolbar}>
      <Search {...props} />
      <span className="end" />
      <Select
        w={128}
        aria-label={t('tail.label')}
        value={String(range.tail)}
        data={tails.map((tail) => ({ value: String(tail), label: tail < 0 ? t('tail.all') : t('tail.lines', { count: tail }) }))}
        onChange={(value) => {
          onRange({ ...range, tail: Number(value) });
        }}
      />
      <Select
        w={116}
        aria-label={t('since.label')}
        value={String(range.seconds)}
        data={spans.map((seconds) => ({ value: String(seconds), label: t(`since.${String(seconds)}`) }))}
        onChange={(value) => {
          onRange({ ...range, seconds: Number(value) });
        }}
      />
      <Switch
        label={t('timestamps')}
        checked={props.timestamps}
        onChange={(event) => {
          props.onTimestamps(event.currentTarget.checked);
        }}
      />
      <Switch
        label={t('wrap')}
        checked={props.wrap}
        onChange={(event) => {
          props.onWrap(event.currentTarget.checked);
        }}
      />
      <IconButton icon={IconEraser} label={t('clear')} onClick={props.onClear} />
      <IconButton icon={IconDownload} label={t('download.start')} disabled={props.downloading} onClick={props.onDownload} />
    </div>
  );
}

function Search({ search, onSearch, invalid, state, at, onStep }: LogToolbarProps): ReactNode {
  const { t } = useTranslation('logs');
  const found = invalid
    ? t('search.invalid')
    : state.hits === 0
      ? t(state.searching ? 'search.searching' : 'search.none')
      : at === undefined
        ? t('search.count', { count: state.hits })
        : t('search.at', { at, count: state.hits });
  const toggle = (key: 'regex' | 'matchCase', icon: typeof IconRegex): ReactNode => (
    <Tooltip label={t(`search.${key}`)}>
      <ActionIcon
        aria-label={t(`search.${key}`)}
        aria-pressed={search[key]}
        className={styles.toggle}
        onClick={() => {
          onSearch({ ...search, [key]: !search[key] });
        }}
      >
        <Icon of={icon} />
      </ActionIcon>
    </Tooltip>
  );
  return (
    <>
      <div className={styles.search} data-invalid={invalid || undefined}>
        <Icon of={IconSearch} small />
        <input
          type="text"
          data-search
          aria-label={t('search.label')}
          aria-invalid={invalid}
          placeholder={t('search.label')}
          spellCheck={false}
          value={search.text}
          onChange={(event) => {
            onSearch({ ...search, text: event.currentTarget.value });
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') {
              onStep(event.shiftKey ? -1 : 1);
            } else if (event.key === 'Escape' && search.text !== '') {
              event.stopPropagation();
              onSearch({ ...search, text: '' });
            }
          }}
        />
        {search.text !== '' && (
          <>
            <span className={invalid ? 'c-bad s' : 't3 s'} role="status">
              {found}
            </span>
            <IconButton
              small
              icon={IconChevronUp}
              label={t('search.previous')}
              onClick={() => {
                onStep(-1);
              }}
            />
            <IconButton
              small
              icon={IconChevronDown}
              label={t('search.next')}
              onClick={() => {
                onStep(1);
              }}
            />
          </>
        )}
      </div>
      {toggle('regex', IconRegex)}
      {toggle('matchCase', IconLetterCase)}
    </>
  );
}
