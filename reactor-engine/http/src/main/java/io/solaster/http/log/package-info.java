/**
 * The access log: a shard writes lines into memory, and hands them to a thread that may wait for a disk. Called with the end
 * of each exchange, on the owning shard.
 */
@Internal
@NullMarked
package io.solaster.http.log;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
