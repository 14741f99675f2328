/** Client connections that belong to a shard: taken and given back with no lock and no hop, bounded, observable. */
@NullMarked
package io.solaster.pool;

import org.jspecify.annotations.NullMarked;
