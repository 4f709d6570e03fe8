// Another window, the command line or a hand saved another list since the draft was begun: what they did, what mine would do, both ways out.
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { StateMark } from '../../ui/state-mark';
import css from './mirrors.module.css';
import { samePlace } from './draft';
import type { Items } from './draft';
import type { NameOf } from './names';
import type { Apply } from './use-apply';
import type { MirrorList } from './use-draft';
import type { ReactNode } from 'react';

interface ConflictProps {
  readonly list: MirrorList;
  readonly apply: Apply;
  readonly nameOf: NameOf;
}

export function Conflict({ list, apply, nameOf }: ConflictProps): ReactNode {
  const { t } = useTranslation('mirrors');
  return (
    <section className={css['conflict']} role="alert" aria-label={t('conflict.title')}>
      <div className="row">
        <StateMark kind="warn" />
        <b className="med">{t('conflict.title')}</b>
      </div>
      <p className="t2 s">{t('conflict.text')}</p>
      <div className={css['sides']}>
        <Side title={t('conflict.theirs')} items={list.saved} other={list.items} nameOf={nameOf} />
        <Side title={t('conflict.mine')} items={list.items} other={list.saved} nameOf={nameOf} />
      </div>
      <div className="row">
        <span className="grow" />
        <Button
          onClick={() => {
            apply.dismiss();
            list.discard();
          }}
        >
          {t('conflict.takeTheirs')}
        </Button>
        <Button
          variant="filled"
          loading={apply.busy}
          onClick={() => {
            apply.dismiss();
            void apply.run(list.overTheirs(), list.savedRevision);
          }}
        >
          {t('conflict.applyMine')}
        </Button>
      </div>
    </section>
  );
}

interface SideProps {
  readonly title: string;
  readonly items: Items;
  readonly other: Items;
  readonly nameOf: NameOf;
}

function Side({ title, items, other, nameOf }: SideProps): ReactNode {
  const { t } = useTranslation('mirrors');
  const differs = (index: number): string => {
    const item = items[index];
    const same = other.find(({ url }) => url === item?.url);
    return same === undefined
      ? t('conflict.onlyHere')
      : same.enabled !== item?.enabled
        ? t(item?.enabled === true ? 'conflict.on' : 'conflict.off')
        : samePlace(items, other, same.url)
          ? ''
          : t('conflict.otherPlace');
  };
  return (
    <div>
      <h3>{title}</h3>
      <ol>
        {items.map((item, index) => (
          <li key={item.key} data-off={!item.enabled || undefined}>
            <span className="t3">{index + 1}</span>
            <span className="ell" title={item.url}>
              {nameOf(item)}
            </span>
            <span className="c-warn s nowrap">{differs(index)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
