package io.solaster.spring.server;

import java.util.function.IntFunction;

import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.BindException;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.accept.AcceptPolicy;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Binds servers again where they were. Any thread, but no shard. */
public final class Rebinding {
    private static final Logger log = LoggerFactory.getLogger(Rebinding.class);

    private Rebinding() {}

    /**
     * Binds a server; where any port will do, to the one that it had before, which clients know by now.
     *
     * @param policy which shard owns a new connection; null for what the configuration says
     * @param before the port that it had; null if it is bound for the first time
     * @throws BindException if it cannot be bound
     */
    public static TcpServer bind(Engine engine, String name, ServerConfig config, ConnectionHandler handler,
            @Nullable AcceptPolicy policy, @Nullable Integer before) {
        return bind(name, config.port(), before,
                port -> TcpServer.bind(engine, name, config.withPort(port), handler, policy));
    }

    /**
     * Binds whatever has a port, as above.
     *
     * @param asked the port that is configured; 0 for any
     * @param binder binds to a port
     */
    static <S> S bind(String name, int asked, @Nullable Integer before, IntFunction<S> binder) {
        if (asked == 0 && before != null) {
            try {
                return binder.apply(before);
            } catch (BindException e) {
                log.warn("Server '{}' cannot have its port {} again, and takes another: {}", name, before,
                        e.getMessage());
            }
        }
        return binder.apply(asked);
    }
}
