// A page that breaks takes only itself down: the frame, the state of the engine and the way to other pages stay.
import { Button } from '@mantine/core';
import { Component } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNotice } from './error-notice';

interface ErrorBoundaryProps {
  readonly children: ReactNode;
}

interface ErrorBoundaryState {
  readonly detail: string | undefined;
}

export class ErrorBoundary extends Component<ErrorBoundaryProps, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { detail: undefined };

  static getDerivedStateFromError(error: unknown): ErrorBoundaryState {
    return { detail: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    return this.state.detail === undefined ? this.props.children : <Broken detail={this.state.detail} />;
  }
}

function Broken({ detail }: { readonly detail: string }): ReactNode {
  const { t } = useTranslation('common');
  return (
    <div style={{ padding: 20 }}>
      <ErrorNotice error={{ code: 'internal.unexpected', params: { detail } }}>
        <Button
          size="compact-xs"
          onClick={() => {
            location.reload();
          }}
        >
          {t('reload')}
        </Button>
      </ErrorNotice>
    </div>
  );
}
