package io.solaster.store.server;

import io.solaster.engine.net.QuietLog;
import io.solaster.engine.net.SlowReaders;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** What the clients of one server can bring about as often as they like: a line a minute and kind. Any thread. */
public final class ClientLogs {
    private static final Logger log = LoggerFactory.getLogger(ClientConnection.class);

    final QuietLog crossProtocol = new QuietLog(log, Level.WARN);
    final QuietLog wrongPassword = new QuietLog(log, Level.WARN);
    final SlowReaders slowReaders = new SlowReaders(log);
    final QuietLog undecodable = new QuietLog(log, Level.WARN);
    final QuietLog failed = new QuietLog(log, Level.ERROR);
}
