// The token that a registry may send a client for first (`WWW-Authenticate: Bearer …`), as Docker Hub does for everybody. Pure: no request is made here.

/** Where to ask for a token to read the repository; undefined = the registry wants a name and a password, or nonsense. */
export function tokenPlace(challenge: string | undefined, repository: string): string | undefined {
  const [, parameters] = /^\s*bearer\s+(.*)$/i.exec(challenge ?? '') ?? [];
  const value = (name: string): string | undefined => new RegExp(`(?:^|[\\s,])${name}="([^"]*)"`, 'i').exec(parameters ?? '')?.[1];
  const realm = value('realm');
  if (realm === undefined || !URL.canParse(realm)) {
    return undefined;
  }
  const place = new URL(realm);
  if (!['http:', 'https:'].includes(place.protocol)) {
    return undefined;
  }
  const service = value('service');
  if (service !== undefined) {
    place.searchParams.set('service', service);
  }
  // The engine asks for what it is about to read, whatever the challenge of `/v2/` says.
  place.searchParams.set('scope', `repository:${repository}:pull`);
  return place.href;
}

/** The token in the answer; undefined where there is none that could go into a header. */
export function tokenOf(body: string): string | undefined {
  try {
    const { token, access_token: other } = JSON.parse(body) as { token?: unknown; access_token?: unknown };
    const found = token ?? other;
    return typeof found === 'string' && /^[\w.~+/=-]{1,16384}$/.test(found) ? found : undefined;
  } catch {
    return undefined;
  }
}
