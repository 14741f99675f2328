/**
 * Commands on several sets and sorted sets: what they have in common, all together, or one without the others. Each shard
 * gathers what its keys hold, one shard makes the result of that, a piece in each turn, and that is answered or takes the
 * place of a key's value as a whole. On the owning shard.
 */
@Internal
@NullMarked
package io.solaster.store.command.algebra;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
