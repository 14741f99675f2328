/**
 * Sockets on shards: servers, how connections spread, encryption; and what every protocol's connection needs once: unread
 * input, deadlines, clients that do not read, the last read of a drain, a polite end, digits. Holds more than 20 files
 * because a server, the ways in which its connections come and what stands before their protocols know each other.
 */
@NullMarked
package io.solaster.engine.net;

import org.jspecify.annotations.NullMarked;
