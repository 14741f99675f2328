/**
 * Sockets on shards: servers, how connections spread, encryption; and what every protocol's connection needs once: unread
 * input, deadlines, clients that do not read, the last read of a drain, a polite end, digits.
 */
@NullMarked
package io.solaster.engine.net;

import org.jspecify.annotations.NullMarked;
