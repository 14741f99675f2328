/**
 * Redis clients: what they send is read in place, run where the keys live, and answered in the order of the requests.
 * {@code RespProtocol} enters, with a connection for each client. On the owning shard.
 */
@Internal
@NullMarked
package io.solaster.store.server;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
