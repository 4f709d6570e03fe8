// The headless entry with a fake VM, for tests that start, kill and adopt backends as processes.
//   BERTH_FAKE_ENGINE=<socket of a fake dockerd>. A marker in the home says whether "the VM" runs: it outlives a killed backend.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { headlessMain } from '../../main/headless/main';
import { createFakeVm } from './vm';

headlessMain(__dirname, (deps) => {
  const marker = join(deps.files.state.folder, 'fake-vm');
  const phaseMs = Number(process.env['BERTH_FAKE_PHASE_MS'] ?? '5');
  const vm = createFakeVm({ engine: process.env['BERTH_FAKE_ENGINE'] ?? '', phaseMs, adoptable: existsSync(marker) })(deps);
  vm.status.subscribe(({ state }) => {
    if (state === 'running') {
      mkdirSync(deps.files.state.folder, { recursive: true });
      writeFileSync(marker, '');
    } else if (state === 'stopped') {
      rmSync(marker, { force: true });
    }
  });
  return vm;
});
