// A wire error in the window's words. Parameters that are figures or keys become words here, so that texts never see raw bytes.
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { isErrorCode } from '../../preload/contract';
import type { WireError } from '../../preload/contract';
import { useFormat } from '../format';

export interface ErrorText {
  readonly title: string;
  readonly kept: string;
  readonly next: string;
  /** dockerd's, QEMU's or the system's own words, unaltered; empty where there are none. */
  readonly detail: string;
}

/** A newer backend may have codes that this window has no words for; its code is shown, never hidden. */
export function knownError(error: WireError): WireError {
  return isErrorCode(error.code) ? error : { code: 'internal.unexpected', params: { detail: String(error.code) } };
}

export function useErrorText(): (error: WireError) => ErrorText {
  const { t, i18n } = useTranslation('errors');
  const format = useFormat();
  return useMemo(() => {
    const word = (name: string, value: string | number): string | number => {
      if (typeof value === 'number') {
        return name.endsWith('Bytes') ? format.memory(value) : value;
      }
      const key = name === 'phase' ? `vm:phase.${value}` : name === 'state' ? `vm:state.${value}` : undefined;
      return key !== undefined && i18n.exists(key) ? i18n.t(key) : value;
    };
    return (error) => {
      const { code, params } = knownError(error);
      const words = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, word(name, value)]));
      const detail = params['detail'];
      return {
        title: t(`${code}.title`, words),
        kept: t(`${code}.kept`, words),
        next: t(`${code}.next`, words),
        detail: typeof detail === 'string' ? detail : '',
      };
    };
  }, [t, i18n, format]);
}
