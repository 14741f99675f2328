/**
 * The endpoints behind one name as each shard sees them: which may be asked, and which is asked next. Applications start an
 * upstream by {@code Upstreams}, on any thread that is no shard; the rest is behind the interfaces of the module's root.
 */
@NullMarked
package io.solaster.pool.upstream;

import org.jspecify.annotations.NullMarked;
