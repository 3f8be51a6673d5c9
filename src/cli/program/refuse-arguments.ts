import type { Command } from 'commander';
import { suggestSimilar } from '../output/suggest-similar.ts';

/**
 * For a group that is also a command itself, such as `users`: an argument that names no subcommand is probably a misspelt
 * one. Commander alone would only say that there are too many arguments.
 */
export function refuseArguments(group: Command): void {
  group.allowExcessArguments().hook('preAction', (_, action) => {
    const [unknown] = action.args;
    if (action !== group || unknown === undefined) return;
    const names = group.commands.flatMap((command) => [command.name(), ...command.aliases()]);
    group.error(`unknown command '${unknown}'.${suggestSimilar(unknown, names)}`);
  });
}
