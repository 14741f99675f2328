package io.solaster.pool;

import java.io.FileInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.ConnectionsConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.RequestsConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.pool.Lines.Line;
import io.solaster.pool.connect.Connectors;
import io.solaster.pool.core.ConnectionPools;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.upstream.Upstreams;

/** A pool in a process of its own, whose network or file descriptors are taken away. */
final class PoolChild {
    private static final Duration LONG = Duration.ofSeconds(30);

    private final Engine engine;
    private final ConnectionPool<Line> pool;
    private final Upstream upstream;
    private final Backend backend;
    private final Upstream nobody;
    private final ConnectionPool<Line> refused;

    private PoolChild(Transport transport) {
        engine = TestEngines.start(transport, 1);
        backend = Backend.start(engine, "a");
        ConnectionsConfig defaults = ConnectionsConfig.defaults();
        PoolConfig config = Changed
                .with(PoolConfig.of(PoolConfig.Protocol.TCP), "requests",
                        Changed.with(RequestsConfig.defaults(), "retries", 0, "backoff", Duration.ofMillis(10)))
                .withConnections(new ConnectionsConfig(8, 8, 8, 1, 0, Duration.ZERO, 100, 4, LONG,
                        Duration.ofMillis(300), Duration.ZERO, Duration.ZERO, defaults.validateAfter(),
                        Duration.ofMillis(400), Duration.ofSeconds(1), Duration.ZERO));
        upstream = Upstreams.start(engine, "child", config, Discovery.of(List.of(backend.endpoint())));
        pool = ConnectionPools.start(engine, "child", config, new Lines(false), upstream,
                Connectors.of(engine, config, Rig::resolve, null));
        // Classes take descriptors too: what tells of failures is loaded by these.
        nobody = Upstreams.start(engine, "nobody", config, Discovery.of(List.of(Endpoint.of("127.0.0.1", 1))));
        refused = ConnectionPools.start(engine, "nobody", config, new Lines(false), nobody,
                Connectors.of(engine, config, Rig::resolve, null));
        say("warm", ask(refused, LONG, "x"));
        CompletableFuture<String> held = ask(pool, LONG, "hold");
        TestEngines.until("it is held", () -> backend.held() == 1);
        TestEngines.get(pool.reconfigure(config.withConnections(config.connections().withBounds(1, 1, 1))));
        say("warm", ask(pool, Duration.ofMillis(1), "x"));
        TestEngines.get(pool.reconfigure(config));
        backend.release();
        say("warm", held);
        System.out.println("warm: " + TestEngines.get(upstream.status()));
    }

    private CompletableFuture<String> ask(ConnectionPool<Line> of, Duration patience, String line) {
        return engine.submitStageTo(0, CallOptions.DEFAULTS,
                () -> of.use(0, null, patience, connection -> connection.ask(line)));
    }

    private static String say(String what, CompletableFuture<String> asked) {
        String said;
        try {
            said = asked.get(60, TimeUnit.SECONDS);
        } catch (Exception e) {
            said = e.getCause() instanceof PoolException failure
                    ? failure.reason() + " " + failure.getMessage()
                    : e.toString();
        }
        System.out.println(what + ": " + said);
        return said;
    }

    private void untilAnswered() {
        TestEngines.until("it is answered", () -> {
            try {
                return ask(pool, LONG, "again").get(60, TimeUnit.SECONDS).equals("a again");
            } catch (Exception e) {
                return false;
            }
        });
        System.out.println("recovered");
    }

    private void halfOpen() throws Exception {
        say("first", ask(pool, LONG, "x"));
        run("ip", "link", "set", "lo", "down");
        say("without a network", ask(pool, LONG, "x"));
        say("still without", ask(pool, LONG, "x"));
        run("ip", "link", "set", "lo", "up");
        untilAnswered();
        System.out.println("broken " + pool.stats().getFirst().closed(CloseReason.BROKEN));
        // The other ends have heard of nothing, and are there still; of ours the kernel has as many as we know.
        TestEngines.until("the kernel agrees",
                () -> Sockets.to(backend.port()) == pool.stats().getFirst().open.get());
    }

    private static void run(String... command) throws Exception {
        int status = new ProcessBuilder(command).inheritIO().start().waitFor();
        if (status != 0) {
            throw new IOException(String.join(" ", command) + " ended with " + status);
        }
    }

    private void withoutDescriptors() throws Exception {
        CompletableFuture<String> held = ask(pool, LONG, "hold");
        TestEngines.until("it is held", () -> backend.held() == 1);
        List<FileInputStream> files = new ArrayList<>();
        try {
            while (true) {
                files.add(new FileInputStream("/dev/null"));
            }
        } catch (IOException full) {
            System.out.println("files " + files.size());
        }
        CompletableFuture<String> none = ask(refused, LONG, "x");
        CompletableFuture<String> late = ask(pool, Duration.ofMillis(200), "x");
        CompletableFuture.allOf(none, late).handle((done, failure) -> true).get(60, TimeUnit.SECONDS);
        EndpointState state = TestEngines.get(upstream.status()).endpoints().getFirst().state();
        for (FileInputStream file : files) {
            file.close();
        }
        say("without descriptors", none);
        say("with one connection", late);
        System.out.println("state " + state);
        backend.release();
        say("held", held);
        untilAnswered();
        System.out.println("connects failed " + refused.stats().getFirst().connectFailures.get());
        TestEngines.until("the kernel agrees",
                () -> Sockets.to(backend.port()) == pool.stats().getFirst().open.get());
    }

    public static void main(String[] args) throws Exception {
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
            failure.printStackTrace(System.out);
            Runtime.getRuntime().halt(1);
        });
        PoolChild child = new PoolChild(Transport.valueOf(args[0].toUpperCase(Locale.ROOT)));
        if (args[1].equals("half-open")) {
            child.halfOpen();
        } else {
            child.withoutDescriptors();
        }
        child.pool.close();
        TestEngines.until("no socket is left", () -> Sockets.to(child.backend.port()) == 0);
        child.refused.close();
        child.upstream.close();
        child.nobody.close();
        child.engine.close();
        System.out.println("closed");
        System.exit(0);
    }
}
