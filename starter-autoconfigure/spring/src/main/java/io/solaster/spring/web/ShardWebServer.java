package io.solaster.spring.web;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.BindException;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.TcpServer;
import io.solaster.spring.server.Rebinding;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.web.server.GracefulShutdownCallback;
import org.springframework.boot.web.server.GracefulShutdownResult;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.boot.web.server.Shutdown;
import org.springframework.boot.web.server.WebServer;
import org.springframework.boot.web.server.WebServerException;

/**
 * The server that Spring Boot starts and stops: a {@link TcpServer} on every shard. It may be started again after it was
 * stopped, and has the same port then. Any thread may call, but no shard.
 */
public final class ShardWebServer implements WebServer {
    private static final Logger log = LoggerFactory.getLogger(ShardWebServer.class);

    private final Engine engine;
    private final String name;
    private final ServerConfig config;
    private final ConnectionHandler handler;
    private final boolean secure;
    private final Shutdown shutdown;
    private final Supplier<Duration> drainTimeout;
    private volatile @Nullable TcpServer server;
    private @Nullable Integer port;

    /**
     * Binds nothing yet.
     *
     * @param secure whether the handler encrypts
     * @param drainTimeout how long requests under way may take when it is shut down gracefully
     */
    ShardWebServer(Engine engine, String name, ServerConfig config, ConnectionHandler handler,
            boolean secure, Shutdown shutdown, Supplier<Duration> drainTimeout) {
        this.engine = engine;
        this.name = name;
        this.config = config;
        this.handler = handler;
        this.secure = secure;
        this.shutdown = shutdown;
        this.drainTimeout = drainTimeout;
    }

    /** The server on the shards; empty while it is not started. */
    public Optional<TcpServer> server() {
        return Optional.ofNullable(server);
    }

    @Override
    public synchronized void start() {
        if (server != null) {
            return;
        }
        try {
            TcpServer bound = Rebinding.bind(engine, name, config, handler, null, port);
            port = bound.port();
            server = bound;
            log.info("WebFlux is served by the shards on port {} ({})", bound.port(), secure ? "https" : "http");
        } catch (BindException e) {
            if (e.isShardPort()) {
                // Not server.port, which Spring Boot would tell of.
                throw new WebServerException(
                        String.valueOf(e.getMessage()).replace("solaster.servers." + name, "solaster.web"), e);
            }
            Throwable cause = e.getCause();
            String reason = String.valueOf(cause == null ? e.getMessage() : cause.getMessage());
            if (reason.contains("in use")) {
                throw new PortInUseException(config.port(), e);
            }
            throw new WebServerException("WebFlux cannot be served on " + config.host() + ":" + config.port() + ": "
                    + reason + "; set server.address and server.port to where this process may listen", cause);
        }
    }

    /** Answers what has been received, within the drain's deadline, if {@code server.shutdown} is graceful. */
    @Override
    public void shutDownGracefully(GracefulShutdownCallback callback) {
        TcpServer draining = server;
        if (draining == null || shutdown != Shutdown.GRACEFUL) {
            callback.shutdownComplete(GracefulShutdownResult.IMMEDIATE);
            return;
        }
        Duration deadline = drainTimeout.get();
        log.info("{} connection(s) of WebFlux finish what they have received, within {} s", draining.connections(),
                deadline.toSeconds());
        Thread.ofPlatform().name(engine.name() + "-drain-" + name)
                .start(() -> callback.shutdownComplete(draining.drain(deadline) == 0
                        ? GracefulShutdownResult.IDLE
                        : GracefulShutdownResult.REQUESTS_ACTIVE));
    }

    @Override
    public synchronized void stop() {
        TcpServer closing = server;
        if (closing != null) {
            server = null;
            closing.close();
        }
    }

    /** The port it listens on; -1 while it is not started. */
    @Override
    public int getPort() {
        TcpServer bound = server;
        return bound == null ? -1 : bound.port();
    }
}
