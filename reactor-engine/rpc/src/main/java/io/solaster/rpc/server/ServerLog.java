package io.solaster.rpc.server;

import io.solaster.engine.net.QuietLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** What clients and handlers can bring about as often as they like, told of once a minute each. Any thread. */
final class ServerLog {
    private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class);

    final QuietLog violation = new QuietLog(LOG, Level.WARN);
    final QuietLog handler = new QuietLog(LOG, Level.ERROR);
    final QuietLog failure = new QuietLog(LOG, Level.ERROR);
}
