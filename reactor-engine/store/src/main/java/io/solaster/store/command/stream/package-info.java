/** Commands on streams and their groups. On the owning shard. */
@Internal
@NullMarked
package io.solaster.store.command.stream;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
