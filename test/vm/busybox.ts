// The test image under the name that most tests know it by; images.ts makes it.
import type { DockerHost } from './cli';
import { ensureTestImage, TEST_IMAGE } from './images';

export const BUSYBOX = TEST_IMAGE;

export async function loadBusybox(open: DockerHost): Promise<string> {
  await ensureTestImage(open);
  return BUSYBOX;
}
