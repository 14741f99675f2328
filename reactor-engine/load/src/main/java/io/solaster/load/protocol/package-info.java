/**
 * What is sent, and how answers are told apart: RESP, HTTP/1.1, HTTP/2 and WebSocket. A
 * {@link io.solaster.load.protocol.Protocol} may be used by any thread, a {@link io.solaster.load.protocol.Conversation}
 * by the shard that owns its connection. Answers are walked over, not built: what a server sends is never kept whole.
 */
@NullMarked
package io.solaster.load.protocol;

import org.jspecify.annotations.NullMarked;
