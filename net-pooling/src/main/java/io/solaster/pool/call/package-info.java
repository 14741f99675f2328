/** One request through a pool, with its deadline, retries and hedges. */
@NullMarked
package io.solaster.pool.call;

import org.jspecify.annotations.NullMarked;
