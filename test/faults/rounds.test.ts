// The short form of `npm run faults`: each fault that is not `long`, once, on one VM, with everything that a round looks at.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testResources } from '../vm/open-vm';
import { faults } from './faults';
import { runRound } from './harness/round';
import { openStage } from './harness/stage';
import type { Stage } from './harness/stage';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage(await testResources());
});

afterAll(() => stage.dispose());

test.each(faults.filter(({ long = false }) => !long).map((fault) => [fault.name, fault] as const))(
  '%s',
  async (_name, fault) => {
    expect((await runRound(stage, fault)).failures).toEqual([]);
  },
  600_000,
);
