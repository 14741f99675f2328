/** An HTTP client over a pool. */
@NullMarked
package io.solaster.pool.http;

import org.jspecify.annotations.NullMarked;
