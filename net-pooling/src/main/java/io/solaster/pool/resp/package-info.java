/** A client of Redis over a pool. */
@NullMarked
package io.solaster.pool.resp;

import org.jspecify.annotations.NullMarked;
