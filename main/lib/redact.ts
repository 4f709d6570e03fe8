// What must never reach a log or a report: credentials in addresses, tokens, keys. One redactor for all of them.

const rules: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '[private key]'],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s:@"']+(?::[^/\s@"']*)?@/gi, '$1[redacted]@'],
  [/((?:authorization|x-registry-auth|x-registry-config)\\?["']?\s*[:=]\s*\\?["']?)(?:(?:bearer|basic)\s+)?[^\s"',\\]+/gi, '$1[redacted]'],
  [/((?:password|passwd|secret|token|identitytoken|registrytoken|api[-_]?key)\\?["']?\s*[:=]\s*\\?["']?)[^\s"',&\\]+/gi, '$1[redacted]'],
];

export function redact(text: string): string {
  return rules.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}
