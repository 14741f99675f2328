package io.solaster.boot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import io.r2dbc.spi.ConnectionFactory;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.r2dbc.autoconfigure.R2dbcAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The driver that Spring Boot makes for a URL, against a server of this test's own. */
final class R2dbcOnShardsTest {

    @ParameterizedTest
    @MethodSource("io.solaster.boot.netty.SeenThreads#transports")
    void connections_and_rows_arrive_on_shards(Transport transport) throws Exception {
        Set<String> before = SeenThreads.ofLibraries();
        try (FakePostgres postgres = new FakePostgres()) {
            new ApplicationContextRunner()
                    .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                            SolasterReactorNettyAutoConfiguration.class, SolasterR2dbcAutoConfiguration.class,
                            SslAutoConfiguration.class, R2dbcAutoConfiguration.class))
                    .withPropertyValues("solaster.engine.shards=2", "solaster.engine.pinning=never",
                            "solaster.engine.transport=" + transport.name().toLowerCase(Locale.ROOT),
                            "spring.r2dbc.url=r2dbc:postgresql://localhost:" + postgres.port() + "/x",
                            "spring.r2dbc.username=me", "spring.r2dbc.password=secret")
                    .run(context -> {
                        assertThat(context).hasNotFailed();
                        Engine engine = context.getBean(Engine.class);
                        ConnectionFactory connections = context.getBean(ConnectionFactory.class);
                        SeenThreads seen = new SeenThreads();
                        assertThat(select(connections, seen).block(Duration.ofSeconds(60))).isEqualTo("SELECT 7");
                        for (Shard shard : engine.shards()) {
                            assertThat(engine.submitTo(shard.id(), () -> select(connections, seen)
                                    .map(row -> row + Thread.currentThread().getName()).toFuture())
                                    .thenCompose(answer -> answer).get(60, TimeUnit.SECONDS))
                                    .isEqualTo("SELECT 7" + engine.name() + "-shard-" + shard.id());
                        }
                        assertThat(seen.names()).isNotEmpty().isSubsetOf(SeenThreads.shardsOf(engine));
                        assertThat(SeenThreads.ofLibraries()).isSubsetOf(before);
                    });
        }
    }

    private static Mono<String> select(ConnectionFactory connections, SeenThreads seen) {
        return Mono.from(connections.create()).map(seen::here).flatMap(connection -> Flux
                .from(connection.createStatement("SELECT 7").execute()).map(seen::here)
                .flatMap(result -> result.map((row, of) -> seen.here(row.get(0, String.class)))).single()
                .flatMap(row -> Mono.from(connection.close()).thenReturn(row)));
    }
}
