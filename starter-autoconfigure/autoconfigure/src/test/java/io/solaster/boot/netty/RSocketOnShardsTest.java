package io.solaster.boot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;

import io.rsocket.RSocket;
import io.rsocket.SocketAcceptor;
import io.rsocket.core.RSocketConnector;
import io.rsocket.core.RSocketServer;
import io.rsocket.transport.ClientTransport;
import io.rsocket.transport.ServerTransport;
import io.rsocket.transport.netty.server.CloseableChannel;
import io.rsocket.util.DefaultPayload;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

final class RSocketOnShardsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @ParameterizedTest
    @MethodSource("io.solaster.boot.netty.SeenThreads#transports")
    void tcp_runs_on_shards(Transport transport) {
        on(transport, (transports, seen, engine) -> {
            CloseableChannel server = serve(transports.tcpServer("localhost", 0), seen);
            ask(engine, seen, transports.tcpClient("localhost", server.address().getPort()));
            server.dispose();
        });
    }

    @ParameterizedTest
    @MethodSource("io.solaster.boot.netty.SeenThreads#transports")
    void web_socket_runs_on_shards(Transport transport) {
        on(transport, (transports, seen, engine) -> {
            CloseableChannel server = serve(transports.webSocketServer("localhost", 0), seen);
            ask(engine, seen, transports.webSocketClient(URI.create("ws://localhost:" + server.address().getPort()
                    + "/chat")));
            server.dispose();
        });
    }

    private interface Use {
        void of(RSocketTransports transports, SeenThreads seen, Engine engine) throws Exception;
    }

    private static void on(Transport transport, Use use) {
        Set<String> before = SeenThreads.ofLibraries();
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                        SolasterReactorNettyAutoConfiguration.class, SolasterRSocketAutoConfiguration.class))
                .withPropertyValues("solaster.engine.shards=2", "solaster.engine.pinning=never",
                        "solaster.engine.transport=" + transport.name().toLowerCase(Locale.ROOT))
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    SeenThreads seen = new SeenThreads();
                    Engine engine = context.getBean(Engine.class);
                    use.of(context.getBean(RSocketTransports.class), seen, engine);
                    assertThat(seen.names()).isNotEmpty().isSubsetOf(SeenThreads.shardsOf(engine));
                    assertThat(SeenThreads.ofLibraries()).isSubsetOf(before);
                });
    }

    private static CloseableChannel serve(ServerTransport<CloseableChannel> transport, SeenThreads seen) {
        return RSocketServer.create(SocketAcceptor.forRequestResponse(
                asked -> Mono.just(DefaultPayload.create(seen.here(asked.getDataUtf8()) + "!"))))
                .bind(transport).block(PATIENCE);
    }

    /** From each shard, and from outside. */
    private static void ask(Engine engine, SeenThreads seen, ClientTransport transport) throws Exception {
        for (Shard shard : engine.shards()) {
            RSocket socket = engine.submitTo(shard.id(), () -> RSocketConnector.connectWith(transport).map(seen::here)
                    .toFuture()).thenCompose(open -> open).get(60, java.util.concurrent.TimeUnit.SECONDS);
            String home = engine.name() + "-shard-" + shard.id();
            assertThat(socket.requestResponse(DefaultPayload.create("a"))
                    .map(answer -> answer.getDataUtf8() + Thread.currentThread().getName()).block(PATIENCE))
                    .as("a connection made on a shard stays there").isEqualTo("a!" + home);
            socket.dispose();
        }
        RSocket outside = RSocketConnector.connectWith(transport).map(seen::here).block(PATIENCE);
        assertThat(Flux.range(0, 10).flatMap(i -> outside.requestResponse(DefaultPayload.create("b")).map(seen::here))
                .collectList().block(PATIENCE)).hasSize(10);
        outside.dispose();
    }
}
