// A backend in a process of its own, to be killed: starts or takes over the VM of the home in argv, says `up`, and stays.
import { locateResources } from '../../main/vm/resources';
import { openVm } from '../vm/open-vm';

async function main(): Promise<void> {
  const open = await openVm(process.argv[2] ?? '', { resources: await locateResources(process.env, []) });
  if (!(await open.vm.adopt())) {
    await open.vm.start();
  }
  process.stdout.write('up\n');
}

void main();
