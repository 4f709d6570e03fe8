// What was tested, when and with which image; the proposed order, one click away; another image to test with.
import { Button, Popover, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { toWireError } from '../../../preload/contract';
import type { MirrorsState, WireError } from '../../../preload/contract';
import { useFormat } from '../../format';
import { useClient } from '../../state/context';
import { order } from './draft';
import { useFieldWords } from './mirror-dialog';
import dialogsCss from './dialogs.module.css';
import css from './mirrors.module.css';
import type { MirrorList } from './use-draft';
import type { Tests } from './use-tests';
import type { ReactNode } from 'react';

interface TestFootProps {
  readonly known: MirrorsState;
  readonly list: MirrorList;
  readonly tests: Tests;
}

export function TestFoot({ known, list, tests }: TestFootProps): ReactNode {
  const { t } = useTranslation('mirrors');
  const format = useFormat();
  const { proposal } = tests;
  const urls = (proposal?.order ?? []).map(({ url }) => url);
  const sorted = order(list.items, urls);
  const better = sorted.some((item, index) => item !== list.items[index]);
  return (
    <div className={css['foot']}>
      <p>
        <span role="status">
          {proposal === undefined
            ? t('foot.untested')
            : t('foot.tested', { time: format.moment(proposal.at), count: proposal.count, seconds: format.seconds(proposal.seconds) })}
        </span>{' '}
        <TestImage image={known.testImage} />
      </p>
      {proposal !== undefined && better ? (
        <Button size="compact-xs" onClick={() => list.edit((items) => order(items, urls))}>
          {t('foot.order')}
        </Button>
      ) : null}
    </div>
  );
}

function TestImage({ image }: { readonly image: string }): ReactNode {
  const { t } = useTranslation(['mirrors', 'common']);
  const client = useClient();
  const wordsOf = useFieldWords();
  const [open, setOpen] = useState(false);
  const [text, setText] = useState(image);
  const [error, setError] = useState<WireError>();
  const submit = async (): Promise<void> => {
    try {
      await client.call('mirrors.setTestImage', { image: text.trim() });
      setOpen(false);
    } catch (thrown) {
      setError(toWireError(thrown));
    }
  };
  return (
    <Popover opened={open} onChange={setOpen} position="top-start" trapFocus returnFocus>
      <Popover.Target>
        <button
          type="button"
          className="link"
          aria-expanded={open}
          onClick={() => {
            setText(image);
            setError(undefined);
            setOpen(!open);
          }}
        >
          {t('foot.image', { image })}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          className={dialogsCss['form']}
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <TextInput
            data-autofocus
            classNames={{ input: 'mono' }}
            w={300}
            label={t('foot.imageLabel')}
            description={t('foot.imageHint')}
            value={text}
            spellCheck={false}
            error={error === undefined ? undefined : wordsOf(error)}
            onChange={(event) => {
              setText(event.currentTarget.value);
              setError(undefined);
            }}
          />
          <div className="row">
            <span className="grow" />
            <Button onClick={() => setOpen(false)}>{t('common:cancel')}</Button>
            <Button type="submit" variant="filled" disabled={text.trim() === ''}>
              {t('foot.imageDo')}
            </Button>
          </div>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
