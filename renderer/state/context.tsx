// How components reach the client and the store, without singletons.
import { createContext, useContext } from 'react';
import type { ReactNode } from 'react';
import { useStore as useZustand } from 'zustand';
import type { Client } from '../../preload/contract';
import type { Connection } from '../connect';
import type { Actions } from './actions';
import type { State, Store } from './store';
import type { Watch } from './watch';

export interface Services {
  readonly connection: Connection;
  readonly store: Store;
  readonly actions: Actions;
  readonly watch: Watch;
}

const Context = createContext<Services | undefined>(undefined);

export function ServicesProvider({ value, children }: { readonly value: Services; readonly children: ReactNode }): ReactNode {
  return <Context value={value}>{children}</Context>;
}

export function useServices(): Services {
  const services = useContext(Context);
  if (services === undefined) {
    throw new Error('outside of ServicesProvider');
  }
  return services;
}

export function useClient(): Client {
  return useServices().connection.client;
}

export function useActions(): Actions {
  return useServices().actions;
}

/** The selector must return the same value for the same state (no new objects), or use `useShallow` of zustand. */
export function useStore<T>(selector: (state: State) => T): T {
  return useZustand(useServices().store, selector);
}
