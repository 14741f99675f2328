/**
 * How a connection comes about: TCP by Happy Eyeballs, proxies, the PROXY protocol, encryption. {@code Connector} and the
 * pool's core come in here, on the shard that connects.
 */
@Internal
@NullMarked
package io.solaster.pool.connect;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
