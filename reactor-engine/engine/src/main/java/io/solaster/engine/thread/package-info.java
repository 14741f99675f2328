/** Virtual threads whose carrier is a shard. */
@NullMarked
package io.solaster.engine.thread;

import org.jspecify.annotations.NullMarked;
