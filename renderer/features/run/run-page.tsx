// Running a container: the form, checked as it is filled in, the equal docker run line beside it, and the way from an image to a container.
import { Button, Checkbox, Select, TextInput } from '@mantine/core';
import { useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { href, navigate, useRoute } from '../../routes';
import { useStore } from '../../state/context';
import { ErrorNotice } from '../../ui/error-notice';
import { StateMark } from '../../ui/state-mark';
import { checkForm, proposedPort } from './check';
import { applyFix, EnvFields, FieldMessage, PortFields, VolumeFields, messageId } from './fields';
import { emptyForm, restartPolicies } from './form';
import { findImage } from './image-here';
import { LinePanel } from './line-panel';
import { PasteBox } from './paste-box';
import styles from './run.module.css';
import { useSubmit } from './use-submit';
import type { ReactNode } from 'react';
import type { FieldError } from './check';
import type { RunForm } from './form';

/** Errors of emptiness wait until Run is pressed: an empty form is no wrong form. */
const patient = new Set(['imageMissing', 'containerPortMissing', 'volumeMissing', 'envNameMissing']);

export function RunPage(): ReactNode {
  const { t } = useTranslation(['run', 'common']);
  const { query } = useRoute();
  const [form, setForm] = useState<RunForm>({ ...emptyForm, image: query.get('image') ?? '' });
  const [tried, setTried] = useState(false);
  const page = useRef<HTMLFormElement>(null);
  const startAsked = useRef(true);
  const submit = useSubmit();
  const containers = useStore((state) => state.engine.containers);
  const images = useStore((state) => state.engine.images);
  const away = useStore((state) => state.engine.status !== 'ready');

  const all = useMemo(() => checkForm(form, Object.values(containers)), [form, containers]);
  const errors = tried ? all : all.filter(({ key }) => !patient.has(key));
  const imageHere = useMemo(
    () => form.image.trim() !== '' && findImage(form.image, Object.values(images)) !== undefined,
    [form.image, images],
  );
  const tags = useMemo(
    () =>
      Object.values(images)
        .flatMap((image) => image.tags)
        .sort(),
    [images],
  );

  const set = (patch: Partial<RunForm>): void => {
    setForm((old) => ({ ...old, ...patch }));
    submit.reset();
  };
  const proposed = submit.error && proposedPort(form, submit.error);
  const onSubmit = (start: boolean): void => {
    setTried(true);
    startAsked.current = start;
    const [first] = all;
    if (first !== undefined) {
      page.current?.querySelector<HTMLElement>(`[data-field="${CSS.escape(first.field)}"]`)?.focus();
      return;
    }
    void submit.run(form, start);
  };
  const onCancel = (): void => {
    if (submit.pending) {
      submit.cancel();
    } else {
      navigate(href(query.get('from') === 'images' ? 'images' : 'containers'));
    }
  };
  return (
    <form
      ref={page}
      className="page"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit(true);
      }}
    >
      <fieldset className={styles.fields} disabled={submit.pending}>
        <PasteBox
          focused={query.get('paste') !== null}
          onForm={(next) => {
            setForm(next);
            setTried(true);
            submit.reset();
          }}
        />
      </fieldset>
      <div className={`split ${styles.split ?? ''}`}>
        <section className={styles.form}>
          <fieldset className={styles.fields} disabled={submit.pending}>
            <Basics form={form} set={set} errors={errors} tags={tags} imageHere={imageHere} focused={query.get('paste') === null} />
            <PortFields form={form} set={set} errors={errors} />
            <VolumeFields form={form} set={set} errors={errors} />
            <EnvFields form={form} set={set} errors={errors} />
            <More form={form} set={set} errors={errors} />
          </fieldset>
        </section>
        <LinePanel form={form} errors={errors} imageHere={imageHere} submit={submit} />
      </div>
      {submit.error !== undefined && (
        <div className={styles.problem}>
          <ErrorNotice
            error={submit.error}
            onRetry={() => {
              onSubmit(startAsked.current);
            }}
            onDismiss={submit.reset}
          >
            {proposed !== undefined && (
              <Button size="compact-xs" onClick={() => set(applyFix(form, proposed.field, proposed.value))}>
                {t('fix.use', { value: proposed.value })}
              </Button>
            )}
          </ErrorNotice>
        </div>
      )}
      <footer className={styles.foot}>
        <span role="status" className="c-bad row">
          {errors.length > 0 && (
            <>
              <StateMark kind="fail" />
              {t('errors', { count: errors.length })}
            </>
          )}
        </span>
        <span className="end" />
        <Button variant="subtle" onClick={onCancel}>
          {t('common:cancel')}
        </Button>
        <Button
          disabled={away || submit.pending}
          onClick={() => {
            onSubmit(false);
          }}
        >
          {t('createOnly')}
        </Button>
        <Button type="submit" variant="filled" disabled={away} loading={submit.pending}>
          {t('run')}
        </Button>
      </footer>
    </form>
  );
}

interface SectionProps {
  readonly form: RunForm;
  readonly set: (patch: Partial<RunForm>) => void;
  readonly errors: readonly FieldError[];
}

/** Props of an input that may be wrong, and its message under it. */
function useField({
  form,
  set,
  errors,
}: SectionProps): (name: string) => { readonly input: Record<string, unknown>; readonly message: ReactNode } {
  return (name) => {
    const error = errors.find(({ field }) => field === name);
    return {
      input: { 'data-field': name, error: error !== undefined, ...(error === undefined ? {} : { 'aria-describedby': messageId(name) }) },
      message: error !== undefined && <FieldMessage error={error} form={form} set={set} />,
    };
  };
}

function Basics(
  props: SectionProps & { readonly tags: readonly string[]; readonly imageHere: boolean; readonly focused: boolean },
): ReactNode {
  const { t } = useTranslation('run');
  const { form, set, tags, imageHere, focused } = props;
  const field = useField(props);
  const image = field('image');
  const name = field('name');
  return (
    <div className={styles.pair}>
      <div>
        <TextInput
          {...image.input}
          classNames={{ input: 'mono' }}
          label={t('image')}
          placeholder="postgres:18"
          list="run-images"
          autoFocus={focused}
          spellCheck={false}
          value={form.image}
          rightSection={form.image.trim() !== '' && !imageHere && <span className="badge">{t('notHere')}</span>}
          rightSectionWidth={form.image.trim() !== '' && !imageHere ? 136 : 0}
          onChange={(event) => {
            set({ image: event.currentTarget.value });
          }}
        />
        <datalist id="run-images">
          {tags.map((tag) => (
            <option key={tag} value={tag} />
          ))}
        </datalist>
        {image.message}
      </div>
      <div>
        <TextInput
          {...name.input}
          classNames={{ input: 'mono' }}
          label={t('name')}
          placeholder={t('nameHint')}
          spellCheck={false}
          value={form.name}
          onChange={(event) => {
            set({ name: event.currentTarget.value });
          }}
        />
        {name.message}
      </div>
    </div>
  );
}

function More(props: SectionProps): ReactNode {
  const { t } = useTranslation('run');
  const { form, set } = props;
  const field = useField(props);
  const command = field('command');
  const entrypoint = field('entrypoint');
  const restart = field('restart');
  const check = (key: 'tty' | 'interactive' | 'autoRemove'): ReactNode => (
    <Checkbox
      label={t(key)}
      description={t(`${key}Hint`)}
      checked={form[key]}
      onChange={(event) => {
        set({ [key]: event.currentTarget.checked });
      }}
    />
  );
  return (
    <>
      <div className={styles.pair}>
        <div>
          <TextInput
            {...command.input}
            label={t('command')}
            description={t('commandHint')}
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            classNames={{ input: 'mono' }}
            placeholder={t('imagesOwn')}
            spellCheck={false}
            value={form.command}
            onChange={(event) => {
              set({ command: event.currentTarget.value });
            }}
          />
          {command.message}
        </div>
        <div>
          <Select
            {...restart.input}
            label={t('restart')}
            value={form.restart}
            data={restartPolicies.map((policy) => ({ value: policy, label: t(`policy.${policy}`) }))}
            onChange={(value) => {
              set({ restart: value ?? 'no' });
            }}
          />
          {restart.message}
        </div>
        <div>
          <TextInput
            {...entrypoint.input}
            label={t('entrypoint')}
            classNames={{ input: 'mono' }}
            placeholder={t('imagesOwn')}
            spellCheck={false}
            value={form.entrypoint}
            onChange={(event) => {
              set({ entrypoint: event.currentTarget.value });
            }}
          />
          {entrypoint.message}
        </div>
      </div>
      <div className={styles.checks}>
        {check('tty')}
        {check('interactive')}
        {check('autoRemove')}
      </div>
    </>
  );
}
