/** The algorithms that choose an endpoint, one a file. */
@NullMarked
package io.solaster.pool.balance;

import org.jspecify.annotations.NullMarked;
