package io.solaster.http;

import java.time.Duration;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.timer.ManualClock;
import io.solaster.http.server.HttpProtocol;

/** A server on an engine whose clock goes on when it is told to, a client, and the means to see what has become of them. */
final class TimedCase<C extends ClientSocket> implements AutoCloseable {
    final C client;
    private final Clocked clocked;
    private final HttpProtocol protocol;
    private final TcpServer server;

    /** How a client connects to a port. */
    @FunctionalInterface
    interface Connect<C> {
        C to(int port);
    }

    /** An engine of one shard and its clock, for many cases. */
    record Clocked(Engine engine, ManualClock clock) implements AutoCloseable {

        static Clocked start() {
            ManualClock clock = new ManualClock();
            return new Clocked(Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER), clock),
                    clock);
        }

        @Override
        public void close() {
            engine.close();
        }
    }

    TimedCase(Clocked clocked, HttpHandler handler, ServerConfig config, Connect<C> connect) {
        this.clocked = clocked;
        protocol = new HttpProtocol(handler, config);
        server = TcpServer.bind(clocked.engine(), "web", config, protocol);
        client = connect.to(server.port());
        HttpFixture.await("it is connected", this::isOpen);
        turn();
    }

    TcpServer server() {
        return server;
    }

    boolean isOpen() {
        return server.connections() == 1;
    }

    /** Sends, and waits until the shard has read it and gone on to other things. */
    void send(byte[] bytes) {
        long before = received();
        client.write(bytes);
        HttpFixture.await("the shard has read", () -> received() == before + bytes.length);
        turn();
    }

    private long received() {
        return protocol.stats().values().stream().mapToLong(stats -> stats.bytesIn.get()).sum();
    }

    /** Lets the shard do what there is to do. */
    void turn() {
        clocked.engine().submitTo(0, () -> true).join();
        clocked.engine().submitTo(0, () -> true).join();
    }

    /** Lets time pass. */
    void pass(int seconds) {
        clocked.clock().advance(Duration.ofSeconds(seconds));
        turn();
    }

    /** As a handler asks for one more part. */
    void request(RequestBody body) {
        clocked.engine().submitTo(0, () -> {
            body.request(1);
            return true;
        }).join();
        turn();
    }

    long timeouts() {
        return protocol.stats().values().stream().mapToLong(HttpStats::timeouts).sum();
    }

    long timeouts(HttpStats.Timeout kind) {
        return protocol.stats().values().stream().mapToLong(stats -> stats.timeouts(kind)).sum();
    }

    @Override
    public void close() {
        client.close();
        server.close();
    }
}
