/**
 * The endpoints behind one name as each shard sees them: which may be asked, and which is asked next. Pools and applications
 * call it: {@code Upstream} on any thread, {@code ShardUpstream} and {@code Target} on their shard.
 */
@NullMarked
package io.solaster.pool.upstream;

import org.jspecify.annotations.NullMarked;
