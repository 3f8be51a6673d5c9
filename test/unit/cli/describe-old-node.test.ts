import { expect, test } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import { describeOldNode } from '../../../src/cli/program/describe-old-node.ts';

test('a Node that is too old is refused with its version, and the message says how to get a newer one', () => {
  expect(describeOldNode('20.20.2')).toBe(
    `clerk-sync: This is Node 20.20.2, and clerk-sync needs Node 22.12 or newer.
Install a newer Node. In a checkout, \`npm start\` and \`npm run -s clerk-sync\` use a Node that npm has installed.
`,
  );
});

test.each(['22.12.0', '23.0.0', '24.0.0', '100.1.0'])('Node %s is accepted', (version) => {
  expect(describeOldNode(version)).toBeUndefined();
});

test('the oldest Node that is accepted is the one that the package asks for', () => {
  expect(describeOldNode('22.11.0')).toContain(`needs Node ${manifest.engines.node.replace('>=', '')} or newer`);
});
