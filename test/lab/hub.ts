// The lab as a guest sees it: Docker Hub and mirrors under their names, on port 443, with certificates that the guest's engine and curl trust.
//
//   const lab = await useHub(box(), certificates, { 'registry-1.docker.io': hub, 'mirror-a.berth.test': a });
//   …                                     await lab.close();
//
// All of it is in the guest's memory and gone at its next boot; `close` takes names and ports back, dockerd keeps the authority until it is started again.
import type { ExecResult } from '../../main/ssh/connection';
import type { Certificates } from './certificates';
import type { LabProxy } from './proxy';

export interface HubGuest {
  exec(command: string | readonly string[]): Promise<ExecResult>;
  agent(op: 'restart', request: { readonly service: 'dockerd' }): Promise<unknown>;
  docker(...args: readonly string[]): Promise<string>;
}

const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';
const MARK = '# berth lab';

export async function useHub(
  box: HubGuest,
  certificates: Certificates,
  names: Readonly<Record<string, LabProxy>>,
): Promise<{ close(): Promise<void> }> {
  const ok = async (command: string): Promise<string> => {
    const { code, stdout, stderr } = await box.exec(command);
    if (code !== 0) {
      throw new Error(`${command}: ${stderr}`);
    }
    return stdout;
  };
  // Addresses for documentation (RFC 5737), one a name: nothing else of the guest's traffic is touched.
  const entries = Object.entries(names).map(([name, { port }], index) => ({ name, address: `192.0.2.${index + 1}`, port }));
  const rule = ({ address, port }: (typeof entries)[number]): string =>
    `OUTPUT -d ${address} -p tcp --dport 443 -j DNAT --to-destination 10.0.2.2:${port}`;
  await ok(
    [
      `sed -i '/${MARK}/d' /etc/hosts`,
      ...entries.map((entry) => `echo '${entry.address} ${entry.name} ${MARK}' >> /etc/hosts; iptables -t nat -I ${rule(entry)}`),
    ].join('; '),
  );
  const trusted = (await ok(`cat ${BUNDLE}`)).includes(certificates.authority.trim());
  if (!trusted) {
    // In front: what stands behind the mark of the host's own is Berth's, which writes it anew (main/trust/guest.ts).
    await ok(`{ cat <<'END'\n${certificates.authority}END\ncat ${BUNDLE}; } > ${BUNDLE}.lab && mv ${BUNDLE}.lab ${BUNDLE}`);
    // Go reads the roots once.
    await box.agent('restart', { service: 'dockerd' });
    for (let tries = 0; tries < 100; tries += 1) {
      const answers = await box.docker('version', '--format', '{{.Server.Version}}').catch(() => undefined);
      if (answers !== undefined) {
        break;
      }
    }
  }
  return {
    async close() {
      await ok(`sed -i '/${MARK}/d' /etc/hosts; ${entries.map((entry) => `iptables -t nat -D ${rule(entry)}`).join('; ')}`);
    },
  };
}
