/** The endpoints behind one name as each shard sees them: which may be asked, and which is asked next. */
@NullMarked
package io.solaster.pool.upstream;

import org.jspecify.annotations.NullMarked;
