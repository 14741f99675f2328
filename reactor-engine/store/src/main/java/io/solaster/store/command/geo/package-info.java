/**
 * Places on the earth, kept as members of sorted sets whose scores are cells of 52 bits. On the owning shard.
 */
@Internal
@NullMarked
package io.solaster.store.command.geo;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
