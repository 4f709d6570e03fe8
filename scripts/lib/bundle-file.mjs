// Bundles one TypeScript file for Node: node scripts/lib/bundle-file.mjs <entry> <outfile>. Benchmarks and test entries are made by it.
import { bundleNode } from './bundle.mjs';

const [entry, outfile] = process.argv.slice(2);
await bundleNode({ entry, outfile });
