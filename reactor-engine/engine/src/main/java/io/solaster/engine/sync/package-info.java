/** What tasks of one shard wait for each other with; nothing here is shared between shards. */
@NullMarked
package io.solaster.engine.sync;

import org.jspecify.annotations.NullMarked;
