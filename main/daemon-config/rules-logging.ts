// Rules of log-driver and log-opts: what the driver takes. dockerd checks part of it at its start and the rest only when a container starts.
import { logOptions, logOptionsOfAll, own } from '../../preload/contract';
import { nearest } from './nearest';
import { show } from './problems';
import type { Rule, RuleContext } from './rule';
import { isBool, isDuration, isPort, isSize, splitHostPort } from './rules-values';

type Options = Readonly<Record<string, string>>;
type OptionCheck = (value: string) => boolean;

const DEFAULT_DRIVER = 'json-file';

const known = Object.keys(logOptions);

const logDriver: Rule<string> = (value, at) => {
  // A plug-in has its tag in its name: `loki:latest`, `grafana/loki-docker-driver:latest`.
  const plugin = /[:/]/.test(value) || (at.context.logPlugins ?? []).some((name) => name === value || name === `${value}:latest`);
  if (at.document['log-opts'] === undefined) {
    missing(value, {}, at);
  }
  if (value !== '' && !known.includes(value) && !plugin) {
    at.problems.error('config.unknownLogDriver', at.path, { value: show(value, at.path), values: known.join(', ') }, nearest(value, known));
  }
};

const count = (min: number, max = Number.MAX_SAFE_INTEGER): OptionCheck => {
  return (value) => /^-?\d+$/.test(value) && Number(value) >= min && Number(value) <= max;
};
const oneOf =
  (...values: readonly string[]): OptionCheck =>
  (value) =>
    values.includes(value);
const positiveSize: OptionCheck = (value) => isSize(value) && Number.parseFloat(value) > 0;
const address = (schemes: readonly string[], portNeeded: boolean, schemeNeeded = true): OptionCheck => {
  return (value) => {
    const [, scheme, rest = ''] = /^(?:([a-z0-9+]+):\/\/)?(.*)$/s.exec(value) ?? [];
    if (scheme === 'unix' || scheme === 'unixgram') {
      return schemes.includes(scheme) && /^\/[^/]/.test(rest);
    }
    const server = splitHostPort(rest);
    const port = server?.port;
    const schemeRight = scheme === undefined ? !schemeNeeded : schemes.includes(scheme);
    return schemeRight && server !== undefined && (server.host !== '' || !portNeeded) && (port === undefined ? !portNeeded : isPort(port));
  };
};
const FACILITIES =
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp local0 local1 local2 local3 local4 local5 local6 local7'.split(' ');

/** Option -> what it takes. */
const checks: Readonly<Record<string, { readonly right: OptionCheck; readonly example: string }>> = {
  mode: { right: oneOf('blocking', 'non-blocking', ''), example: 'blocking, non-blocking' },
  'max-buffer-size': { right: isSize, example: '4m' },
  'max-size': { right: positiveSize, example: '10m' },
  'max-file': { right: count(1), example: '3' },
  compress: { right: isBool, example: 'true, false' },
  'cache-disabled': { right: isBool, example: 'true, false' },
  'cache-max-size': { right: positiveSize, example: '10m' },
  'cache-max-file': { right: count(1), example: '3' },
  'cache-compress': { right: isBool, example: 'true, false' },
  'syslog-address': { right: address(['udp', 'tcp', 'tcp+tls', 'unix', 'unixgram'], false), example: 'udp://10.0.2.2:514' },
  'syslog-facility': { right: (value) => FACILITIES.includes(value) || count(0, 23)(value), example: 'daemon' },
  'syslog-format': { right: oneOf('rfc3164', 'rfc5424', 'rfc5424micro', ''), example: 'rfc5424' },
  'fluentd-address': { right: address(['tcp', 'tls', 'unix'], false, false), example: 'tcp://10.0.2.2:24224' },
  'fluentd-async': { right: isBool, example: 'true, false' },
  'fluentd-request-ack': { right: isBool, example: 'true, false' },
  'fluentd-sub-second-precision': { right: isBool, example: 'true, false' },
  'fluentd-buffer-limit': { right: isSize, example: '8m' },
  'fluentd-max-retries': { right: count(0, 2 ** 31 - 1), example: '10' },
  'fluentd-retry-wait': { right: isDuration, example: '1s' },
  'fluentd-write-timeout': { right: (value) => isDuration(value) && !value.startsWith('-'), example: '5s' },
  'fluentd-async-reconnect-interval': { right: isDuration, example: '1s' },
  'gelf-address': { right: address(['udp', 'tcp'], true), example: 'udp://10.0.2.2:12201' },
  'gelf-compression-type': { right: oneOf('gzip', 'zlib', 'none'), example: 'gzip, zlib, none' },
  'gelf-compression-level': { right: count(-1, 9), example: '1' },
  'gelf-tcp-max-reconnect': { right: count(0), example: '3' },
  'gelf-tcp-reconnect-delay': { right: count(0), example: '1' },
  'awslogs-create-group': { right: isBool, example: 'true, false' },
  'awslogs-force-flush-interval-seconds': { right: count(1), example: '5' },
  'awslogs-max-buffered-events': { right: count(1), example: '4096' },
  'awslogs-format': { right: oneOf('json/emf'), example: 'json/emf' },
  'splunk-format': { right: oneOf('inline', 'json', 'raw'), example: 'inline, json, raw' },
  'splunk-gzip': { right: isBool, example: 'true, false' },
  'splunk-verify-connection': { right: isBool, example: 'true, false' },
  'splunk-insecureskipverify': { right: isBool, example: 'true, false' },
};

/** Without them the driver's check fails at the start (gelf, awslogs) or each run does. */
const needed: Readonly<Record<string, readonly string[]>> = {
  gelf: ['gelf-address'],
  awslogs: ['awslogs-group'],
  splunk: ['splunk-token', 'splunk-url'],
};

const logOpts: Rule<Options> = (value, at) => {
  const driver =
    typeof at.document['log-driver'] === 'string' && at.document['log-driver'] !== '' ? at.document['log-driver'] : DEFAULT_DRIVER;
  const ofDriver = own(logOptions, driver);
  if (ofDriver === undefined || driver === 'none') {
    return;
  }
  const options = [...ofDriver, ...logOptionsOfAll];
  for (const [name, text] of Object.entries(value)) {
    const path = [...at.path, name];
    const check = own(checks, name);
    if (!options.includes(name)) {
      at.problems.error('config.unknownLogOption', path, {
        option: show(name, path),
        driver,
        nearest: nearest(name, options) ?? 'none',
        values: options.join(', '),
      });
    } else if (check !== undefined && !check.right(text)) {
      at.problems.error('config.badLogOption', path, { value: show(text, path), example: check.example });
    }
  }
  combinations(value, driver, at);
};

function combinations(value: Options, driver: string, at: RuleContext): void {
  if (value['max-buffer-size'] !== undefined && value['mode'] !== 'non-blocking') {
    at.problems.error('config.needs', [...at.path, 'max-buffer-size'], {
      value: value['max-buffer-size'],
      other: 'log-opts.mode',
      otherValue: 'non-blocking',
    });
  }
  if (driver === 'json-file' && value['compress'] === 'true' && (value['max-size'] === undefined || Number(value['max-file'] ?? '1') < 2)) {
    const other = value['max-size'] === undefined ? 'log-opts.max-size' : 'log-opts.max-file';
    at.problems.error('config.needs', [...at.path, 'compress'], { value: 'true', other, otherValue: other.endsWith('size') ? '10m' : '3' });
  }
  if (driver === 'gelf') {
    const scheme = (value['gelf-address'] ?? '').split(':')[0] ?? '';
    for (const option of Object.keys(value).filter((name) => /^gelf-(?:compression|tcp)-/.test(name))) {
      const wanted = option.startsWith('gelf-tcp-') ? 'tcp' : 'udp';
      if (['tcp', 'udp'].includes(scheme) && scheme !== wanted) {
        at.problems.error('config.needs', [...at.path, option], {
          value: value[option] ?? '',
          other: 'log-opts.gelf-address',
          otherValue: `${wanted}://`,
        });
      }
    }
  }
  missing(driver, value, at);
}

function missing(driver: string, options: Options, at: RuleContext): void {
  for (const field of (own(needed, driver) ?? []).filter((option) => (options[option] ?? '') === '')) {
    at.problems.error('config.missingField', at.path, { field });
  }
}

export const loggingRules: Readonly<Record<string, Rule<never>>> = { 'log-driver': logDriver, 'log-opts': logOpts };
