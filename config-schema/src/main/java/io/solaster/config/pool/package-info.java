/**
 * One pool of client connections, as it is configured below {@code solaster.pools.<name>}. Names begin with
 * {@code Pool} only where another room has the same name without it. Every module may use them. Any thread.
 */
@NullMarked
package io.solaster.config.pool;

import org.jspecify.annotations.NullMarked;
