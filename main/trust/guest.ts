// The guest's side of certificates, over commands: what it brings, what it was given, and writing that anew while it runs.
// The same places and formats as vm/guest/trust.c has at boot (vm/AGREEMENT.md).
import { BerthError } from '../../preload/contract';
import type { ExecOptions, ExecResult } from '../ssh/connection';
import { bundleFingerprints } from './certificates';

export type Exec = (command: string, options?: ExecOptions) => Promise<ExecResult>;

export interface GuestCertificates {
  /** Fingerprints of the guest's own. */
  readonly brings: ReadonlySet<string>;
  /** PEM of those that it was given. */
  readonly given: string;
  /** The files of certs.d, in their format. */
  readonly registries: string;
}

const MARK = '# Given by the host';
const CERTS_D = '-- certs.d';
const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';
const FOLDER = '/etc/docker/certs.d';

const READ = `cat ${BUNDLE} || exit
echo '${CERTS_D}'
cd ${FOLDER} 2>/dev/null || exit 0
for file in */*; do [ -f "$file" ] || continue; echo "file $file"; cat "$file"; done`;

const WRITE_AUTHORITIES = `set -e
new=${BUNDLE}.new-$$
trap 'rm -f "$new"' EXIT
{ sed '/^${MARK}$/,$d' ${BUNDLE}; echo '${MARK}'; cat; } >"$new"
chmod 644 "$new"
mv "$new" ${BUNDLE}`;

const WRITE_REGISTRIES = `set -e
umask 022
mkdir -p /etc/docker
new=${FOLDER}.new
rm -rf "$new" && mkdir "$new"
out=/dev/null
umask 077
while IFS= read -r line; do
  case $line in
  'file '*) name=\${line#file }; mkdir -p -m 755 "$new/\${name%/*}"; out=$new/$name ;;
  *) printf '%s\\n' "$line" >>"$out" ;;
  esac
done
rm -rf ${FOLDER}.old
[ ! -d ${FOLDER} ] || mv ${FOLDER} ${FOLDER}.old
mv "$new" ${FOLDER}
rm -rf ${FOLDER}.old`;

export async function readGuest(exec: Exec): Promise<GuestCertificates> {
  const text = await ask(exec, READ);
  const [bundle = '', registries = ''] = text.split(`${CERTS_D}\n`);
  const [own = '', given = ''] = bundle.split(`${MARK}\n`);
  const brings = bundleFingerprints(own);
  if (brings.size === 0) {
    throw new BerthError('trust.guestRefused', { detail: `no certificates in ${BUNDLE}` });
  }
  return { brings, given, registries };
}

export async function writeAuthorities(exec: Exec, pem: string): Promise<void> {
  await ask(exec, WRITE_AUTHORITIES, pem);
}

/** dockerd reads them at each connection; the folder changes in one step. */
export async function writeRegistries(exec: Exec, text: string): Promise<void> {
  await ask(exec, WRITE_REGISTRIES, text);
}

async function ask(exec: Exec, script: string, stdin?: string): Promise<string> {
  const { code, stdout, stderr } = await exec(script, stdin === undefined ? {} : { stdin });
  if (code !== 0) {
    throw new BerthError('trust.guestRefused', { detail: stderr.trim() || `exit ${code}` });
  }
  return stdout;
}
