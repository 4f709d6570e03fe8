// The ordered list for Docker Hub: rows that move, Docker Hub itself as the last one, and what was tested at the foot.
import { useCallback, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { DIRECT } from '../../../preload/contract';
import type { MirrorsState, MirrorTest, WireError } from '../../../preload/contract';
import { useStore } from '../../state/context';
import { MirrorRow, Tested } from './mirror-row';
import css from './mirror-list.module.css';
import { move } from './draft';
import { scaleOf, TestLine, TestMeaning } from './test-line';
import { useSorting } from './sorting';
import { TestFoot } from './test-foot';
import type { RowActions } from './mirror-row';
import type { NameOf } from './names';
import type { SortWord } from './sorting';
import type { MirrorList } from './use-draft';
import type { Tests } from './use-tests';
import type { ReactNode } from 'react';

/** Where dockerd asks after all mirrors. */
const HUB = 'https://registry-1.docker.io';

interface HubListProps {
  readonly known: MirrorsState;
  readonly list: MirrorList;
  readonly tests: Tests;
  readonly nameOf: NameOf;
  readonly actions: RowActions;
  /** Of the last apply: `mirrors.<index>.url` in its parameters. */
  readonly refused: WireError | undefined;
}

export function HubList({ known, list, tests, nameOf, actions, refused }: HubListProps): ReactNode {
  const { t } = useTranslation('mirrors');
  const results = useStore((s) => s.mirrors.tests);
  const { items, edit } = list;
  const keys = useMemo(() => items.map(({ key }) => key), [items]);
  const saved = useMemo(() => new Map(known.mirrors.map((mirror) => [mirror.url, mirror])), [known.mirrors]);
  const say = useCallback(
    (word: SortWord, key: string, place: number) => {
      const item = items.find((each) => each.key === key);
      return t(`said.${word}`, { name: item === undefined ? key : nameOf(item), place: place + 1, count: items.length });
    },
    [t, items, nameOf],
  );
  const onMove = useCallback((key: string, to: number) => edit((old) => move(old, key, to)), [edit]);
  const rows = useRef<HTMLOListElement>(null);
  const sorting = useSorting({ list: rows, keys, onMove, say });

  const testOf = (url: string): MirrorTest | undefined => newer(results[url], saved.get(url)?.lastTest);
  const scale = scaleOf([...items.map(({ url }) => testOf(url)), results[DIRECT]]);
  const wrong = refused === undefined ? undefined : /^mirrors\.(\d+)\./.exec(String(refused.params['field'] ?? ''))?.[1];
  const direct = results[DIRECT];
  return (
    <div className={css['list']} data-dragging={sorting.drop === undefined ? undefined : true}>
      <span className="sr" id="mirrors-keys">
        {t('row.keys')}
      </span>
      <span className="sr" role="status">
        {sorting.said}
      </span>
      <ol ref={rows} aria-label={t('list')}>
        {items.map((item, place) => (
          <MirrorRow
            key={item.key}
            item={item}
            place={place}
            count={items.length}
            sorting={sorting}
            actions={actions}
            facts={{
              name: nameOf(item),
              test: testOf(item.url),
              live: tests.running[item.url],
              reason: tests.proposal?.order.find(({ url }) => url === item.url)?.reason,
              saved: saved.get(item.key),
              suspended: known.suspended.includes(item.url),
              error: wrong !== undefined && Number(wrong) === place ? refused : undefined,
              scale,
            }}
          />
        ))}
      </ol>
      <div className={css['last']}>
        <span className={css['place']}>{t('row.last')}</span>
        <div className={css['body']}>
          <div className={css['ttl']}>
            <b className="med t2">{t('row.direct')}</b>
            <code className="ell">{HUB}</code>
            <Tested test={direct} running={tests.running[DIRECT] !== undefined} />
          </div>
          <TestLine test={direct} live={tests.running[DIRECT]} scale={scale} />
          {tests.running[DIRECT] === undefined ? <TestMeaning test={direct} /> : null}
        </div>
      </div>
      <TestFoot known={known} list={list} tests={tests} />
    </div>
  );
}

function newer(a: MirrorTest | undefined, b: MirrorTest | undefined): MirrorTest | undefined {
  return a === undefined || (b !== undefined && b.at > a.at) ? b : a;
}
