// Images out of a disk that is only read: containerd and dockerd are started by hand on what is thrown away afterwards, without any container of the
// disk's, and asked for one archive an image. Where they do not start, that is said with their words, and nothing else is lost.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { shellCommand } from '../ssh/quote';
import type { RepairGuest } from '../vm/repair-guest';
import type { Progress } from './progress';
import { save } from './rescue';

const imagesSchema = z.array(z.object({ Id: z.string(), RepoTags: z.array(z.string()).nullish() }));

/** What would be started again with dockerd is put out of its sight first. The two programs are the guest's own, started as its init does. */
const START = `
set -e
cd /data/docker
for each in containers swarm; do if [ -e "$each" ]; then mv "$each" "$each.aside"; fi; done
mkdir -p /data/docker /data/containerd
mount --bind /data/docker /var/lib/docker
mount --bind /data/containerd /var/lib/containerd
setsid containerd --config /etc/berth/containerd.toml >/run/containerd.out 2>&1 </dev/null &
for each in $(seq 300); do if [ -S /run/containerd/containerd.sock ]; then break; fi; sleep 0.2; done
setsid dockerd --config-file /run/berth/daemon.json --containerd /run/containerd/containerd.sock --host unix:///run/docker.sock --group root \\
  --pidfile /run/docker.pid >/run/dockerd.out 2>&1 </dev/null &
daemon=$!
while ! curl -sf --max-time 60 --unix-socket /run/docker.sock http://docker/_ping >/dev/null 2>&1; do
  if ! kill -0 $daemon 2>/dev/null; then tail -n 20 /run/dockerd.out >&2; exit 1; fi
  sleep 0.5
done
`;

/** False where some or all could not be had. */
export async function exportImages(guest: RepairGuest, folder: string, progress: Progress): Promise<boolean> {
  return progress.step('images', async () => {
    const started = await guest.exec(START, { signal: progress.signal, onStderr: (chunk) => progress.words(chunk) });
    if (started.code !== 0) {
      progress.fact('imagesNot', { detail: started.stderr.trim().split('\n').at(-1) ?? '' });
      return false;
    }
    const listed = await guest.exec(ask('/images/json'));
    const images = imagesSchema.safeParse(parse(listed.stdout));
    if (!images.success) {
      progress.fact('imagesNot', { detail: listed.stderr.trim() });
      return false;
    }
    await mkdir(join(folder, 'images'), { recursive: true, mode: 0o700 });
    let count = 0;
    for (const image of images.data) {
      const names = (image.RepoTags ?? []).filter((tag) => !tag.includes('<none>'));
      const query = (names.length > 0 ? names : [image.Id]).map((name) => `names=${encodeURIComponent(name)}`).join('&');
      const words = await save(
        guest,
        ask(`/images/get?${query}`),
        folder,
        `images/${fileName(names[0] ?? 'untagged', image.Id)}.tar`,
        progress,
      );
      if (words === undefined) {
        count += 1;
      } else {
        progress.fact('imagePartly', { name: names[0] ?? image.Id, detail: words });
      }
    }
    progress.fact('images', { count });
    return count === images.data.length;
  });
}

function ask(path: string): string {
  return shellCommand(['curl', '-sSf', '--unix-socket', '/run/docker.sock', `http://docker${path}`]);
}

/** The reference is somebody's text: what is no plain character in it becomes a line, and the id keeps two names apart. */
export function fileName(reference: string, id: string): string {
  const plain = reference
    .replaceAll(/[^A-Za-z0-9.-]+/g, '_')
    .replace(/^[._-]+/, '')
    .slice(0, 150);
  return `${plain === '' ? 'image' : plain}-${id
    .replace(/^sha256:/, '')
    .replaceAll(/[^0-9a-f]/g, '')
    .slice(0, 12)}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
