/**
 * Commands on whole values, whatever they are: to and from bytes, and from one key to another, in as many turns as that
 * takes. On the shards that own the keys.
 */
@Internal
@NullMarked
package io.solaster.store.command.value;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
