// What a rung keeps, said before it runs, with what it must be told: how to mend, where to export, the word that lets go of something.
import { Button, Checkbox, Modal, Radio, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { RepairOrder, RepairState, RungName } from '../../../preload/contract';
import { useFormat } from '../../format';
import css from './repair.module.css';

interface RungDialogProps {
  readonly rung: RungName;
  readonly state: RepairState;
  readonly pending: boolean;
  /** Why it did not begin. */
  readonly refused: ReactNode;
  readonly onGo: (order: RepairOrder) => void;
  readonly onClose: () => void;
}

type Fsck = 'look' | 'copy' | 'noCopy';
const FSCK: readonly Fsck[] = ['look', 'copy', 'noCopy'];
const VOLUME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/;

export function RungDialog({ rung, state, pending, refused, onGo, onClose }: RungDialogProps): ReactNode {
  const { t } = useTranslation(['repair', 'common']);
  const damaged = state.reports[0]?.result === 'damaged';
  const [fsck, setFsck] = useState<Fsck>(damaged ? 'copy' : 'look');
  const [path, setPath] = useState('');
  const [volumes, setVolumes] = useState('');
  const [images, setImages] = useState(true);
  const [word, setWord] = useState('');
  const typed = rung === 'reset' || (rung === 'checkDisk' && fsck === 'noCopy');
  const folder = path.trim();
  const names = volumes.split(/[\s,]+/).filter((name) => name !== '');
  const ready =
    (!typed || word === state.confirmWord) && (rung !== 'rescue' || (folder.startsWith('/') && names.every((name) => VOLUME.test(name))));
  const order = (): RepairOrder => {
    switch (rung) {
      case 'checkDisk':
        return { rung, ...(fsck === 'look' ? {} : { fsck }), confirm: word };
      case 'rescue':
        return { rung, folder, images, ...(names.length === 0 ? {} : { volumes: names }) };
      case 'reset':
        return { rung, confirm: word };
      default:
        return { rung };
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size={480}
      title={t('ask.title', { rung: t(`rung.${rung}.title`) })}
      closeButtonProps={{ 'aria-label': t('common:close') }}
    >
      <form
        className={css['ask']}
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) {
            onGo(order());
          }
        }}
      >
        <p>{t(`before.${rung}`)}</p>
        {rung === 'checkDisk' ? <FsckChoice value={fsck} state={state} onChange={setFsck} /> : null}
        {rung === 'rescue' ? (
          <>
            <TextInput
              data-autofocus
              label={t('ask.folder')}
              description={t('ask.folderHint')}
              value={path}
              spellCheck={false}
              onChange={(event) => setPath(event.currentTarget.value)}
            />
            <TextInput
              label={t('ask.volumes')}
              description={t('ask.volumesHint')}
              value={volumes}
              spellCheck={false}
              onChange={(event) => setVolumes(event.currentTarget.value)}
            />
            <Checkbox label={t('ask.images')} checked={images} onChange={(event) => setImages(event.currentTarget.checked)} />
          </>
        ) : null}
        {typed ? (
          <TextInput
            label={t('ask.type', { word: state.confirmWord })}
            value={word}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => setWord(event.currentTarget.value)}
          />
        ) : null}
        {refused}
        <div className="modal-foot">
          <Button onClick={onClose} {...(rung === 'rescue' ? {} : { 'data-autofocus': true })}>
            {t('ask.cancel')}
          </Button>
          <Button type="submit" variant="filled" loading={pending} disabled={!ready} {...(typed ? { color: 'bad' } : {})}>
            {t(`ask.do.${rung === 'checkDisk' && fsck !== 'look' ? 'mend' : rung}`)}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

interface FsckChoiceProps {
  readonly value: Fsck;
  readonly state: RepairState;
  readonly onChange: (value: Fsck) => void;
}

function FsckChoice({ value, state, onChange }: FsckChoiceProps): ReactNode {
  const { t } = useTranslation('repair');
  const format = useFormat();
  const sizes = { sizeBytes: format.bytes(state.copyBytes), freeBytes: format.bytes(state.freeBytes) };
  return (
    <Radio.Group label={t('ask.mend')} value={value} onChange={(next) => onChange(FSCK.find((each) => each === next) ?? 'look')}>
      <div className={`choices ${css['choices']}`}>
        {FSCK.map((each) => (
          <Radio key={each} size="xs" value={each} label={t(`ask.${each}`)} description={t(`ask.${each}Text`, sizes)} />
        ))}
      </div>
    </Radio.Group>
  );
}
