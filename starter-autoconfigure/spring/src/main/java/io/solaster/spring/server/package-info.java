/**
 * Binds the servers of {@code solaster.servers}, encrypts them, drains them and binds them again. Applications ask
 * {@code ServerLifecycle} for their servers; all else is for the starter. Any thread may call, but no shard.
 */
@NullMarked
package io.solaster.spring.server;

import org.jspecify.annotations.NullMarked;
