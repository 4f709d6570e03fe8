// Puts the parts of mirrors together: the list that is kept, presets, tests, the watch over pulls; answers mirrors.*.
// The list and the engine's configuration follow each other: an apply goes through the configuration's own way, and what changes there shows here.
import { BerthError, DIRECT, toWireError } from '../../preload/contract';
import type { BackendHandlers, MirrorsState, MirrorTestItem } from '../../preload/contract';
import type { DaemonDocument } from '../daemon-config/daemon-config';
import { createQueue } from '../lib/async';
import { createObservable, follow } from '../lib/observable';
import { createBuildWatch } from './build-watch';
import { createCutOff } from './cut-off';
import { mirrorsOf, withMirrors } from './document';
import { checkMirrorUrl, hostnameOf, normaliseMirrorUrl, withoutSlash } from './entries';
import { createEvidence } from './evidence';
import { enabledOf, followDocument, openMirrorList, revisionOf } from './list';
import type { KeptMirror } from './list';
import type { Mirrors, MirrorsDeps } from './mirrors';
import { parseMirrors } from './paste';
import { checkPrefixes, routeOf, splitRegistry } from './prefix';
import { digestAtRegistry } from './registry-digest';
import { createPresetSource } from './preset-source';
import { presetOf } from './presets';
import { createSuspension } from './suspension';
import { createWatch } from './watch';

/** In a row, until switching off is offered. */
const MANY_FAILURES = 3;

type Input = Parameters<BackendHandlers['mirrors.apply']>[0];

export async function createMirrors(deps: MirrorsDeps): Promise<Mirrors> {
  const { config, log, now = Date.now } = deps;
  const list = await openMirrorList({ path: deps.path, log, notify: (level, error) => deps.notify(level, error), now });
  const presets = createPresetSource(log);
  await presets.start(list.kept.get().presetFile);
  const suspension = createSuspension(config, now);
  const cutOff = createCutOff({ exec: (command, options) => deps.exec(command, options), log });
  const state = createObservable<MirrorsState>(present());
  /** One apply after the other: each is checked against what the one before left. */
  const serially = createQueue();
  let seen = '';
  /** Applies of ours whose task goes on: what the document says meanwhile is not yet what was asked for last. */
  let underWay = 0;

  function present(): MirrorsState {
    const { mirrors, prefixes, testImage } = list.kept.get();
    const { presets: known, source, error } = presets.state.get();
    const inForce = config.inForce.get();
    const urls = inForce?.mirrors.map(withoutSlash) ?? [];
    return {
      mirrors: mirrors.map(({ lastTest, ...mirror }) => ({
        ...mirror,
        offerDisable: mirror.enabled && mirror.failures >= MANY_FAILURES,
        ...(lastTest === undefined ? {} : { lastTest }),
      })),
      prefixes,
      revision: revisionOf(mirrors),
      presets: known,
      presetSource: source,
      ...(error === undefined ? {} : { presetError: error }),
      testImage,
      ...(inForce === undefined ? {} : { inForce: { at: inForce.at, urls } }),
      differs: inForce !== undefined && urls.join('\n') !== enabledOf(mirrors).join('\n'),
      suspended: suspension.urls.get(),
    };
  }

  /** The editor, the command line or a restore may have changed them. */
  function followConfig(document: DaemonDocument, force = false): void {
    const urls = mirrorsOf(document);
    const text = urls.join('\n');
    if (underWay > 0 || (text === seen && !force)) {
      return;
    }
    seen = text;
    list
      .update((kept) => {
        const mirrors = followDocument(kept.mirrors, urls);
        return mirrors === kept.mirrors ? kept : { ...kept, mirrors };
      })
      .catch((error: unknown) => log.error('the list of mirrors could not follow the configuration', { error }));
  }

  async function put(mirrors: readonly KeptMirror[]): Promise<{ task: string }> {
    const before = list.kept.get().mirrors;
    await list.update((kept) => ({ ...kept, mirrors }));
    underWay += 1;
    const over = (): void => {
      underWay -= 1;
      followConfig(config.document.get(), true);
    };
    try {
      if (enabledOf(mirrors).join('\n') === mirrorsOf(config.document.get()).join('\n')) {
        // Nothing for the configuration to do; what is out of force for the time being is meant.
        await suspension.remove(suspension.urls.get());
      }
      const { id, done } = await config.change('mirrors', (document) => withMirrors(document, enabledOf(mirrors)));
      void done.then(over);
      return { task: id };
    } catch (error) {
      await list.update((kept) => (kept.mirrors === mirrors ? { ...kept, mirrors: before } : kept));
      over();
      throw error;
    }
  }

  async function told(failed: readonly string[], served?: string): Promise<void> {
    await list.update((kept) => ({
      ...kept,
      mirrors: kept.mirrors.map((mirror) =>
        failed.includes(mirror.url)
          ? { ...mirror, failures: mirror.failures + 1 }
          : mirror.url === served && mirror.failures > 0
            ? { ...mirror, failures: 0 }
            : mirror,
      ),
    }));
    for (const { url, enabled, failures } of list.kept.get().mirrors) {
      if (failed.includes(url) && enabled && failures === MANY_FAILURES) {
        deps.notify('warn', new BerthError('mirrors.failing', { url, times: failures }));
      }
    }
  }

  async function keepResult(item: MirrorTestItem): Promise<void> {
    if (item.kind !== 'result' || item.test.verdict === 'cancelled') {
      return;
    }
    const { url, test } = item;
    const well = test.verdict === 'works' || test.verdict === 'slow';
    await list.update((kept) =>
      kept.mirrors.some((mirror) => mirror.url === url)
        ? {
            ...kept,
            mirrors: kept.mirrors.map((mirror) =>
              mirror.url === url ? { ...mirror, lastTest: test, failures: well ? 0 : mirror.failures } : mirror,
            ),
          }
        : kept,
    );
    if (well) {
      await suspension.remove([url]);
    }
  }

  async function* test(urls: readonly string[], image: string, signal: AbortSignal): AsyncGenerator<MirrorTestItem> {
    const asked = [...new Set(urls.map((url) => (url === DIRECT ? url : normaliseMirrorUrl(url))))].map((url) => {
      const preset = url === DIRECT ? undefined : presetOf(url, presets.state.get().presets);
      const name = list.kept.get().mirrors.find((mirror) => mirror.url === url)?.name ?? '';
      return { url, name: name === '' ? (preset?.name.en ?? url) : name, limited: preset?.state === 'limited' };
    });
    for await (const item of deps.probe.test(asked, image, signal)) {
      keepResult(item).catch((error: unknown) => log.warn("a test's result was not kept", { error }));
      yield item;
    }
  }

  const builds = createBuildWatch({
    suspension,
    probe: deps.probe,
    testImage: () => list.kept.get().testImage,
    log,
    notify: (level, error) => deps.notify(level, error),
    ...(deps.stallMilliseconds === undefined ? {} : { stallMilliseconds: deps.stallMilliseconds }),
  });
  const watch = createWatch({
    suspension,
    probe: deps.probe,
    evidence: createEvidence({
      config,
      inForce: suspension.candidates,
      tail: (lines) => deps.tail(lines),
      clock: () => deps.clock(),
      now,
    }),
    told,
    log,
    notify: (level, error) => deps.notify(level, error),
    now,
    ...(deps.stallMilliseconds === undefined ? {} : { stallMilliseconds: deps.stallMilliseconds }),
  });
  const refresh = (): void => state.set(present());
  const subscriptions = [
    list.kept.subscribe(refresh),
    presets.state.subscribe(refresh),
    suspension.urls.subscribe(refresh),
    suspension.urls.subscribe((urls) => void cutOff.set(urls, suspension.candidates())),
    config.inForce.subscribe(refresh),
    config.document.subscribe((document) => followConfig(document)),
  ];
  followConfig(config.document.get(), true);

  return {
    watch: (reference, onRemedy) => watch.watch(reference, onRemedy),
    watchBuild: () => builds.watchBuild(),
    route: (reference, via) => routeOf(reference, via, list.kept.get().prefixes),
    digestAtRegistry: (reference, signal) =>
      digestAtRegistry((command, options) => deps.exec(command, options), config.document.get(), reference, signal),
    handlers: {
      'mirrors.changes': (_input, { signal }) => follow(state, signal),
      'mirrors.apply': ({ mirrors, revision }) =>
        serially(() => {
          if (revision !== revisionOf(list.kept.get().mirrors)) {
            throw new BerthError('mirrors.conflict', {});
          }
          return put(checkedList(mirrors, list.kept.get().mirrors));
        }),
      'mirrors.switchOff': ({ url }) =>
        serially(() =>
          put(list.kept.get().mirrors.map((mirror) => (mirror.url === withoutSlash(url) ? { ...mirror, enabled: false } : mirror))),
        ),
      'mirrors.check': ({ url: written }) => {
        const { url, error, warning } = checkMirrorUrl(written);
        const preset = error === undefined ? presetOf(url, presets.state.get().presets) : undefined;
        const closed =
          preset?.state === 'closed' ? new BerthError('mirrors.closed', { name: hostnameOf(url), checked: preset.checked }) : undefined;
        const odd = closed ?? warning;
        return {
          url,
          ...(error === undefined ? {} : { error: toWireError(error) }),
          ...(odd === undefined ? {} : { warning: toWireError(odd) }),
        };
      },
      'mirrors.parse': ({ text }) =>
        parseMirrors(
          text,
          list.kept.get().mirrors.map(({ url }) => url),
        ),
      'mirrors.test': ({ urls, image }, { signal }) => test(urls, image ?? list.kept.get().testImage, signal),
      'mirrors.setTestImage': ({ image }) => list.update((kept) => ({ ...kept, testImage: checkedImage(image) })),
      'mirrors.setPrefixes': ({ prefixes }) => list.update((kept) => ({ ...kept, prefixes: checkPrefixes(prefixes) })),
      'mirrors.setPresetFile': async ({ path }) => {
        await presets.use(path);
        await list.update((kept) => ({ ...kept, presetFile: path === null ? null : presets.state.get().source }));
      },
    },
    dispose() {
      subscriptions.forEach((unsubscribe) => unsubscribe());
      watch.dispose();
      builds.dispose();
      suspension.dispose();
      presets.dispose();
    },
  };
}

/** Throws `mirrors.invalid` with the first field that is wrong. Results of tests stay with their address. */
function checkedList(inputs: Input['mirrors'], before: readonly KeptMirror[]): readonly KeptMirror[] {
  const seen = new Set<string>();
  return inputs.map(({ url: written, name, note, enabled }, index) => {
    const checked = checkMirrorUrl(written);
    // What the engine has already is not refused for its shape: it came from a document, and dockerd takes more than we do.
    const old = before.find((mirror) => mirror.url === withoutSlash(written));
    const url = checked.error !== undefined && old !== undefined ? old.url : checked.url;
    const code = seen.has(url) ? 'mirrors.duplicate' : old === undefined ? checked.error?.code : undefined;
    if (code !== undefined) {
      throw new BerthError('mirrors.invalid', { field: `mirrors.${index}.url`, value: written.slice(0, 200), detail: code });
    }
    seen.add(url);
    const known = before.find((mirror) => mirror.url === url);
    return {
      url,
      name: name.trim(),
      note: note.trim(),
      enabled,
      failures: enabled ? (known?.failures ?? 0) : 0,
      ...(known?.lastTest === undefined ? {} : { lastTest: known.lastTest }),
    };
  });
}

function checkedImage(written: string): string {
  const image = written.trim();
  const { registry, rest } = splitRegistry(image);
  if (registry !== 'docker.io' || !/^[a-z0-9]+(?:(?:\.|_|__|-+|\/)[a-z0-9]+)*(?::[\w][\w.-]{0,127})?$/.test(rest)) {
    throw new BerthError('engine.badReference', { reference: image, detail: 'mirrors serve images of Docker Hub' });
  }
  return rest;
}
