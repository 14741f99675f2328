/**
 * Redis clients: what they send is read in place, run where the keys live, and answered in the order of the requests.
 * {@code RespProtocol} enters, with a connection for each client. On the owning shard. Holds more than 20 files because
 * each way a command may go, and each reason to wait, is a class of its own.
 */
@Internal
@NullMarked
package io.solaster.store.server;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
