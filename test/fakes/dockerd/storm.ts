// So many changes a second to the fake engine's containers: starts, stops, health, creations and removals, spread over all of them.
import type { Model } from './model';

const TICK_MS = 20;

export function storm(model: Model, changesPerSecond: number): () => void {
  let due = 0;
  let turn = 0;

  function change(): void {
    turn += 1;
    const all = [...model.containers.values()];
    const container = all[(turn * 7919) % Math.max(1, all.length)];
    if (container === undefined || turn % 50 === 0) {
      model.emitContainer(model.addContainer({ name: `storm-${turn}`, state: 'created' }), 'create');
    } else if (turn % 50 === 25 && container.state !== 'running') {
      model.remove(container);
    } else if (container.state !== 'running') {
      model.start(container);
    } else if (turn % 3 === 0) {
      container.health = container.health === 'healthy' ? 'unhealthy' : 'healthy';
      model.emitContainer(container, `health_status: ${container.health}`);
    } else {
      model.exit(container, turn % 5 === 0 ? 1 : 0);
    }
  }

  const timer = setInterval(() => {
    due += (changesPerSecond * TICK_MS) / 1000;
    for (; due >= 1; due -= 1) {
      change();
    }
  }, TICK_MS);
  return () => clearInterval(timer);
}
