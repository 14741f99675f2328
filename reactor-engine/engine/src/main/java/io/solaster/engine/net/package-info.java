/** Sockets on shards: transports, servers, and how connections spread. */
@NullMarked
package io.solaster.engine.net;

import org.jspecify.annotations.NullMarked;
