// Options of dockerd's logging drivers as data: what `log-opts` takes depends on `log-driver`. Source: moby daemon/logger, 28.5.2.
/** Options that several of dockerd's logging drivers share. */
const detail = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'] as const;
export const logFileOptions = ['max-size', 'max-file', 'compress'] as const;

/** Options of dockerd's logging drivers, without those of `logOptionsOfAll`; of a driver that is not here (a plug-in) nothing is known. */
export const logOptions: Readonly<Record<string, readonly string[]>> = {
  'json-file': [...logFileOptions, ...detail],
  local: [...logFileOptions],
  none: [],
  journald: [...detail],
  syslog: [
    ...[
      'syslog-address',
      'syslog-facility',
      'syslog-format',
      'syslog-tls-ca-cert',
      'syslog-tls-cert',
      'syslog-tls-key',
      'syslog-tls-skip-verify',
    ],
    ...detail,
  ],
  fluentd: [
    ...['fluentd-address', 'fluentd-async', 'fluentd-async-reconnect-interval', 'fluentd-buffer-limit', 'fluentd-max-retries'],
    ...['fluentd-request-ack', 'fluentd-retry-wait', 'fluentd-sub-second-precision', 'fluentd-write-timeout'],
    ...detail,
  ],
  gelf: [
    ...['gelf-address', 'gelf-compression-level', 'gelf-compression-type', 'gelf-tcp-max-reconnect', 'gelf-tcp-reconnect-delay'],
    ...detail,
  ],
  awslogs: [
    ...[
      'awslogs-create-group',
      'awslogs-credentials-endpoint',
      'awslogs-datetime-format',
      'awslogs-endpoint',
      'awslogs-force-flush-interval-seconds',
    ],
    ...[
      'awslogs-format',
      'awslogs-group',
      'awslogs-max-buffered-events',
      'awslogs-multiline-pattern',
      'awslogs-region',
      'awslogs-stream',
      'tag',
    ],
  ],
  splunk: [
    ...[
      'splunk-capath',
      'splunk-caname',
      'splunk-format',
      'splunk-gzip',
      'splunk-gzip-level',
      'splunk-index',
      'splunk-index-acknowledgment',
    ],
    ...['splunk-insecureskipverify', 'splunk-source', 'splunk-sourcetype', 'splunk-token', 'splunk-url', 'splunk-verify-connection'],
    ...detail,
  ],
};

/** Of every driver; `cache-` is of the copy that dockerd keeps for `docker logs` where a driver cannot be read. */
export const logOptionsOfAll = ['mode', 'max-buffer-size', 'cache-disabled', 'cache-max-size', 'cache-max-file', 'cache-compress'] as const;
