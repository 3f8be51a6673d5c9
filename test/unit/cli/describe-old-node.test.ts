import { expect, test } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import { describeOldNode } from '../../../src/cli/describe-old-node.ts';

test('a Node that is too old is refused by its version, and the way to a newer one is named', () => {
  expect(describeOldNode('20.20.2')).toBe(
    `clerk-sync: Node 22.12 or newer is needed, and this is Node 20.20.2.
Install a newer Node. A checkout has one: \`npm start\` and \`npm run -s clerk-sync\` use it.
`,
  );
});

test.each(['22.12.0', '23.0.0', '24.0.0', '100.1.0'])('Node %s is taken', (version) => {
  expect(describeOldNode(version)).toBeUndefined();
});

test('the oldest Node that is taken is the one that the package asks for', () => {
  expect(describeOldNode('22.11.0')).toContain(`Node ${manifest.engines.node.replace('>=', '')} or newer is needed`);
});
