/**
 * The commands: one entry each in {@link io.solaster.store.command.CommandTable} and one method in a {@code …Commands} class.
 * They see a shard's part of the store, and clients as {@link io.solaster.store.shard.Client}. The server enters by the table
 * alone. On the owning shard. Holds more than 20 files because each family of commands has a table and its methods, which
 * share how keys are found and what errors say.
 */
@Internal
@NullMarked
package io.solaster.store.command;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
