// The rows of the Run form: ports, volumes, environment. A row keeps its key, so that an error and the focus stay with it.
import { ActionIcon, PasswordInput, Select, Switch, TextInput, Tooltip } from '@mantine/core';
import { IconArrowRight, IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../ui/icon';
import { StateMark } from '../../ui/state-mark';
import { nextKey } from './form';
import styles from './run.module.css';
import { isSecretName } from './run-line';
import type { ReactNode } from 'react';
import type { FieldError } from './check';
import type { RunForm } from './form';

export interface FieldsProps {
  readonly form: RunForm;
  readonly set: (patch: Partial<RunForm>) => void;
  readonly errors: readonly FieldError[];
}

type RowKind = 'ports' | 'volumes' | 'env';

/** Where a link "use 5433" writes: `ports.3.host` -> that row's host. */
export function applyFix(form: RunForm, field: string, value: string): Partial<RunForm> {
  const [kind, key, part] = field.split('.');
  if (key === undefined || part === undefined) {
    return { [field]: value };
  }
  const rows = form[kind as RowKind] as readonly { readonly key: number }[];
  return { [kind as RowKind]: rows.map((row) => (String(row.key) === key ? { ...row, [part]: value } : row)) };
}

export function FieldMessage({
  error,
  form,
  set,
}: {
  readonly error: FieldError;
  readonly form: RunForm;
  readonly set: FieldsProps['set'];
}): ReactNode {
  const { t } = useTranslation('run');
  const { fix } = error;
  return (
    <p className={styles.message} id={messageId(error.field)}>
      <StateMark kind="fail" />
      <span>
        {t(`error.${error.key}`, error.params)}
        {fix !== undefined && (
          <>
            {' '}
            <button
              type="button"
              className="link"
              onClick={() => {
                set(applyFix(form, error.field, fix.value));
              }}
            >
              {t(error.field === 'restart' ? 'fix.noRestart' : 'fix.use', { value: fix.value })}
            </button>
          </>
        )}
      </span>
    </p>
  );
}

export function messageId(field: string): string {
  return `run-error-${field}`;
}

interface RowsProps<R> extends FieldsProps {
  readonly kind: RowKind;
  readonly title: string;
  readonly add: string;
  readonly blank: Omit<R, 'key'>;
  readonly children: (row: R, field: (part: keyof R & string) => FieldInput, patch: (change: Partial<R>) => void) => ReactNode;
}

/** What every input of a row is handed. */
interface FieldInput {
  readonly error: boolean;
  readonly 'data-field': string;
  readonly 'aria-describedby'?: string;
}

function Rows<R extends { readonly key: number }>({ form, set, errors, kind, title, add, blank, children }: RowsProps<R>): ReactNode {
  const { t } = useTranslation('run');
  const rows = form[kind] as unknown as readonly R[];
  const update = (next: readonly R[]): void => {
    set({ [kind]: next });
  };
  return (
    <section className={styles.section} aria-label={title}>
      <h3>{title}</h3>
      {rows.map((row) => {
        const prefix = `${kind}.${String(row.key)}`;
        const own = errors.filter(({ field }) => field.startsWith(`${prefix}.`));
        const field = (part: string): FieldInput => {
          const name = `${prefix}.${part}`;
          const wrong = own.some((error) => error.field === name);
          return { error: wrong, 'data-field': name, ...(wrong ? { 'aria-describedby': messageId(name) } : {}) };
        };
        return (
          <div key={row.key}>
            <div className={styles.fields}>
              {children(row, field, (change) => {
                update(rows.map((each) => (each.key === row.key ? { ...each, ...change } : each)));
              })}
              <Tooltip label={t('removeRow')}>
                <ActionIcon
                  aria-label={t('removeRow')}
                  onClick={() => {
                    update(rows.filter((each) => each.key !== row.key));
                  }}
                >
                  <Icon of={IconX} small />
                </ActionIcon>
              </Tooltip>
            </div>
            {own.map((error) => (
              <FieldMessage key={error.field} error={error} form={form} set={set} />
            ))}
          </div>
        );
      })}
      <button
        type="button"
        className="link"
        onClick={() => {
          update([...rows, { ...blank, key: nextKey(rows) } as unknown as R]);
        }}
      >
        {add}
      </button>
    </section>
  );
}

const Arrow = (): ReactNode => <Icon of={IconArrowRight} small className={styles.arrow ?? ''} />;

export function PortFields(props: FieldsProps): ReactNode {
  const { t } = useTranslation('run');
  return (
    <Rows<RunForm['ports'][number]>
      {...props}
      kind="ports"
      title={t('ports')}
      add={t('addPort')}
      blank={{ host: '', container: '', protocol: 'tcp' }}
    >
      {(row, field, patch) => (
        <>
          <TextInput
            {...field('host')}
            className="grow"
            classNames={{ input: 'mono' }}
            aria-label={t('hostPort')}
            placeholder={t('anyFree')}
            value={row.host}
            rightSection={<span className={styles.unit}>{t('host')}</span>}
            rightSectionWidth={56}
            onChange={(event) => {
              patch({ host: event.currentTarget.value });
            }}
          />
          <Arrow />
          <TextInput
            {...field('container')}
            className="grow"
            classNames={{ input: 'mono' }}
            aria-label={t('containerPort')}
            inputMode="numeric"
            value={row.container}
            rightSection={<span className={styles.unit}>{t('container')}</span>}
            rightSectionWidth={72}
            onChange={(event) => {
              patch({ container: event.currentTarget.value });
            }}
          />
          <Select
            w={84}
            aria-label={t('protocol')}
            value={row.protocol}
            data={[
              { value: 'tcp', label: 'TCP' },
              { value: 'udp', label: 'UDP' },
            ]}
            onChange={(value) => {
              patch({ protocol: value === 'udp' ? 'udp' : 'tcp' });
            }}
          />
        </>
      )}
    </Rows>
  );
}

export function VolumeFields(props: FieldsProps): ReactNode {
  const { t } = useTranslation('run');
  return (
    <Rows<RunForm['volumes'][number]>
      {...props}
      kind="volumes"
      title={t('volumes')}
      add={t('addVolume')}
      blank={{ volume: '', path: '', readOnly: false }}
    >
      {(row, field, patch) => (
        <>
          <TextInput
            {...field('volume')}
            className="grow"
            classNames={{ input: 'mono' }}
            aria-label={t('volumeName')}
            placeholder={t('volumeName')}
            value={row.volume}
            onChange={(event) => {
              patch({ volume: event.currentTarget.value });
            }}
          />
          <Arrow />
          <TextInput
            {...field('path')}
            className="grow"
            classNames={{ input: 'mono' }}
            aria-label={t('path')}
            placeholder="/var/lib/data"
            value={row.path}
            onChange={(event) => {
              patch({ path: event.currentTarget.value });
            }}
          />
          <Switch
            label={t('readOnly')}
            checked={row.readOnly}
            onChange={(event) => {
              patch({ readOnly: event.currentTarget.checked });
            }}
          />
        </>
      )}
    </Rows>
  );
}

export function EnvFields(props: FieldsProps): ReactNode {
  const { t } = useTranslation('run');
  return (
    <Rows<RunForm['env'][number]> {...props} kind="env" title={t('env')} add={t('addEnv')} blank={{ name: '', value: '' }}>
      {(row, field, patch) => {
        const Value = isSecretName(row.name) ? PasswordInput : TextInput;
        return (
          <>
            <TextInput
              {...field('name')}
              className="grow"
              classNames={{ input: 'mono' }}
              aria-label={t('envName')}
              placeholder={t('envName')}
              value={row.name}
              spellCheck={false}
              onChange={(event) => {
                patch({ name: event.currentTarget.value });
              }}
            />
            <span className="t3">=</span>
            <Value
              className="grow"
              classNames={{ input: 'mono' }}
              aria-label={t('envValue')}
              placeholder={t('envValue')}
              value={row.value}
              autoComplete="off"
              onChange={(event) => {
                patch({ value: event.currentTarget.value });
              }}
            />
          </>
        );
      }}
    </Rows>
  );
}
