// Mirrors of other registries: a line each, what a pull becomes by it, by rule or on demand. Saved at once for pulls; the engine's configuration is not touched.
import { Autocomplete, Button, SegmentedControl, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { prefixRegistries, toWireError } from '../../../preload/contract';
import type { PrefixMirror, WireError } from '../../../preload/contract';
import { useServices, useStore } from '../../state/context';
import type { PrefixLine } from '../../state/slices/mirrors';
import { patchMirrors } from '../../state/store';
import { EmptyState } from '../../ui/empty-state';
import { ErrorNotice } from '../../ui/error-notice';
import { Icon } from '../../ui/icon';
import { IconButton } from '../../ui/icon-button';
import mirrorListCss from './mirror-list.module.css';
import css from './mirrors.module.css';
import { problemOf, samePrefixes, tidy, valuesOf } from './prefixes';
import type { ReactNode } from 'react';

export function PrefixTab({ prefixes }: { readonly prefixes: readonly PrefixMirror[] }): ReactNode {
  const { t } = useTranslation('mirrors');
  const { connection, store } = useServices();
  const edited = useStore((s) => s.mirrors.prefixes);
  const [shown, setShown] = useState(false);
  const [saving, setSaving] = useState(false);
  const [error, setError] = useState<WireError>();
  const lines = edited ?? prefixes.map((prefix, key) => ({ ...prefix, key }));
  const changed = edited !== undefined && !samePrefixes(valuesOf(edited), prefixes);
  const wrong = lines.some((line) => problemOf(line, lines) !== undefined);

  const set = (next: readonly PrefixLine[] | undefined): void => {
    setError(undefined);
    patchMirrors(store, () => ({ prefixes: next }));
  };
  const add = (): void => {
    const free = prefixRegistries.find((registry) => !lines.some((line) => line.registry === registry)) ?? '';
    set([...lines, { key: Math.max(-1, ...lines.map(({ key }) => key)) + 1, registry: free, prefix: '', always: true }]);
  };
  const save = async (): Promise<void> => {
    setShown(true);
    if (wrong) {
      return;
    }
    setSaving(true);
    try {
      await connection.client.call('mirrors.setPrefixes', { prefixes: [...valuesOf(lines)] });
      set(undefined);
      setShown(false);
    } catch (thrown) {
      setError(toWireError(thrown));
    } finally {
      setSaving(false);
    }
  };
  return (
    <>
      <p className={css['scope']}>{t('prefix.scope')}</p>
      {lines.length === 0 ? (
        <EmptyState
          title={t('prefix.empty')}
          text={t('prefix.emptyText')}
          actions={
            <Button variant="filled" onClick={add}>
              {t('prefix.add')}
            </Button>
          }
        />
      ) : (
        <div className={mirrorListCss['list']}>
          <ul aria-label={t('prefix.list')}>
            {lines.map((line, index) => (
              <Line
                key={line.key}
                line={line}
                all={lines}
                shown={shown}
                number={index + 1}
                onChange={(next) => set(lines.map((each) => (each.key === line.key ? next : each)))}
                onRemove={() => set(lines.filter((each) => each.key !== line.key))}
              />
            ))}
          </ul>
          <div className={css['foot']}>
            <Button variant="subtle" leftSection={<Icon of={IconPlus} small />} onClick={add}>
              {t('prefix.add')}
            </Button>
          </div>
        </div>
      )}
      {error === undefined ? null : (
        <div className={css['refused']}>
          <ErrorNotice error={error} onDismiss={() => setError(undefined)} />
        </div>
      )}
      {changed ? (
        <section className={css['apply']} aria-label={t('prefix.region')}>
          <div className="grow">
            <b className="med">{t('prefix.changed')}</b>
            <div className="t3 s ell">{t('prefix.effect')}</div>
          </div>
          <Button size="lg" variant="subtle" disabled={saving} onClick={() => set(undefined)}>
            {t('apply.discard')}
          </Button>
          <Button size="lg" variant="filled" loading={saving} onClick={() => void save()}>
            {t('prefix.save')}
          </Button>
        </section>
      ) : null}
    </>
  );
}

interface LineProps {
  readonly line: PrefixLine;
  readonly all: readonly PrefixLine[];
  /** A line that is being written is not called wrong before it was left or saved. */
  readonly shown: boolean;
  readonly number: number;
  readonly onChange: (line: PrefixLine) => void;
  readonly onRemove: () => void;
}

function Line({ line, all, shown, number, onChange, onRemove }: LineProps): ReactNode {
  const { t } = useTranslation('mirrors');
  const rule = useId();
  const [left, setLeft] = useState(false);
  const found = problemOf(line, all);
  const errorAt = (field: 'registry' | 'prefix'): string | undefined =>
    (shown || left) && found?.field === field ? t(`prefix.problem.${found.problem}`) : undefined;
  const registry = tidy(line.registry);
  return (
    <li className={css['prefix']} aria-label={t('prefix.line', { number })}>
      <Autocomplete
        classNames={{ input: 'mono' }}
        label={t('prefix.registry')}
        data={[...prefixRegistries]}
        value={line.registry}
        spellCheck={false}
        error={errorAt('registry')}
        onBlur={() => setLeft(true)}
        onChange={(value) => onChange({ ...line, registry: value })}
      />
      <TextInput
        classNames={{ input: 'mono' }}
        label={t('prefix.prefix')}
        placeholder={`mirror.example.com/${registry === '' ? 'ghcr.io' : registry}`}
        value={line.prefix}
        spellCheck={false}
        autoComplete="off"
        error={errorAt('prefix')}
        onBlur={() => setLeft(true)}
        onChange={(event) => onChange({ ...line, prefix: event.currentTarget.value })}
      />
      <div>
        <span className={css['label']} id={rule}>
          {t('prefix.when')}
        </span>
        <SegmentedControl
          aria-labelledby={rule}
          value={line.always ? 'always' : 'demand'}
          data={(['always', 'demand'] as const).map((value) => ({ value, label: t(`prefix.rule.${value}`) }))}
          onChange={(value) => onChange({ ...line, always: value === 'always' })}
        />
      </div>
      <IconButton small icon={IconTrash} label={t('prefix.remove', { registry: line.registry, prefix: line.prefix })} onClick={onRemove} />
      {found === undefined ? (
        <p className={css['becomes']}>
          <code className="words">{registry}/owner/name</code> {t('prefix.from')}{' '}
          <code className="words">{tidy(line.prefix)}/owner/name</code>
          {t(line.always ? 'prefix.tagged' : 'prefix.taggedOnDemand')}
        </p>
      ) : null}
    </li>
  );
}
