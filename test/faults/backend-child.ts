// A backend in a process of its own, to be killed: starts or takes over the VM of the home in argv, says `up`, and stays.
import { locateResources } from '../../main/vm/resources';
import { openBackend } from '../vm/open-backend';

async function main(): Promise<void> {
  const { backend } = await openBackend(process.argv[2] ?? '', { resources: await locateResources(process.env, []) });
  await backend.vm.start();
  process.stdout.write('up\n');
}

void main();
