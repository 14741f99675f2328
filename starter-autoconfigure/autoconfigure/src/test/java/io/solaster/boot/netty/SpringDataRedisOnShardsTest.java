package io.solaster.boot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.ServerSocket;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import io.lettuce.core.resource.ClientResources;
import io.netty.util.HashedWheelTimer;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.ThreeShards;
import io.solaster.boot.netty.LibrariesOnShards.Library;
import io.solaster.boot.netty.LibrariesOnShards.State;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.store.RespProtocol;
import io.solaster.store.Store;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.ClientResourcesBuilderCustomizer;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisReactiveAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

/** Spring Data's templates over a Lettuce on the shards, against a store on another engine. */
final class SpringDataRedisOnShardsTest {
    private static final Engine elsewhere = Engine.start(EngineConfig.defaults().withShards(1)
            .withPinning(Pinning.NEVER).withTransport(Transport.NIO));
    private static TcpServer server;

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                    SolasterLettuceAutoConfiguration.class, SolasterLibrariesAutoConfiguration.class,
                    SslAutoConfiguration.class, DataRedisAutoConfiguration.class,
                    DataRedisReactiveAutoConfiguration.class))
            .withPropertyValues("solaster.engine.shards=2", "solaster.engine.pinning=never",
                    "spring.data.redis.host=localhost", "spring.data.redis.port=" + server.port());

    @BeforeAll
    static void serve() {
        ServerConfig config = ServerConfig.of("resp", 0);
        server = TcpServer.bind(elsewhere, "kv", config, new RespProtocol(Store.on(elsewhere), config));
    }

    @AfterAll
    static void stop() {
        server.close();
        elsewhere.close();
    }

    @ParameterizedTest
    @MethodSource("io.solaster.boot.netty.SeenThreads#transports")
    void the_first_call_may_come_from_a_shard(Transport transport) {
        Set<String> before = SeenThreads.ofLibraries();
        runner.withPropertyValues("solaster.engine.transport=" + transport.name().toLowerCase(Locale.ROOT))
                .run(context -> {
                    assertThat(context).hasNotFailed().getBeanNames(ClientResources.class)
                            .containsExactly("lettuceClientResources");
                    Engine engine = context.getBean(Engine.class);
                    ReactiveStringRedisTemplate redis = context.getBean(ReactiveStringRedisTemplate.class);
                    SeenThreads seen = new SeenThreads();
                    for (Shard shard : engine.shards()) {
                        String key = "key-" + shard.id();
                        assertThat(engine.submitTo(shard.id(), () -> redis.opsForValue().set(key, "value")
                                .map(seen::here).then(redis.opsForValue().get(key)).map(seen::here).toFuture())
                                .thenCompose(answer -> answer).get(60, TimeUnit.SECONDS)).isEqualTo("value");
                    }
                    assertThat(seen.names()).isNotEmpty().isSubsetOf(SeenThreads.shardsOf(engine));
                    assertThat(SeenThreads.ofLibraries()).isSubsetOf(before);
                    assertThat(context.getBean(LibrariesOnShards.class).all())
                            .contains(new Library("lettuce", State.ON_SHARDS, ""));
                });
    }

    @Test
    void the_first_call_after_a_restart_of_the_context_may_come_from_a_shard() {
        runner.withPropertyValues("solaster.engine.transport=nio").run(context -> {
            Engine engine = context.getBean(Engine.class);
            ReactiveStringRedisTemplate redis = context.getBean(ReactiveStringRedisTemplate.class);
            ConfigurableApplicationContext whole = context.getSourceApplicationContext();
            for (List<Runnable> again : List.of(List.<Runnable>of(whole::stop, whole::start),
                    List.<Runnable>of(whole::pause, whole::restart))) {
                again.forEach(Runnable::run);
                assertThat(engine.submitTo(0, () -> redis.opsForValue().set("restarted", "value")
                        .then(redis.opsForValue().get("restarted")).toFuture())
                        .thenCompose(answer -> answer).get(60, TimeUnit.SECONDS)).isEqualTo("value");
            }
        });
    }

    @Test
    void an_application_starts_before_its_redis_does() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        runner.withPropertyValues("spring.data.redis.port=" + port).run(context -> {
            assertThat(context).hasNotFailed();
            ServerConfig config = ServerConfig.of("resp", port);
            try (TcpServer late = TcpServer.bind(elsewhere, "late", config,
                    new RespProtocol(Store.on(elsewhere), config))) {
                ThreeShards.until("connected in the background", () -> late.connections() > 0);
                try (RedisConnection connection = context.getBean(LettuceConnectionFactory.class).getConnection()) {
                    assertThat(connection.ping()).isEqualTo("PONG");
                }
            }
        });
    }

    @Test
    void what_was_connected_meanwhile_is_not_connected_anew() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        LettuceConnectionFactory factory = new LettuceConnectionFactory("localhost", port);
        factory.setShareNativeConnection(true);
        factory.start();
        ServerConfig config = ServerConfig.of("resp", port);
        try (TcpServer late = TcpServer.bind(elsewhere, "late", config,
                new RespProtocol(Store.on(elsewhere), config))) {
            Object used;
            try (RedisConnection connection = factory.getConnection()) {
                used = connection.getNativeConnection();
            }
            EarlyRedisConnections.connect(factory);
            try (RedisConnection connection = factory.getConnection()) {
                assertThat(connection.getNativeConnection()).isSameAs(used);
                assertThat(connection.ping()).isEqualTo("PONG");
            }
        } finally {
            factory.destroy();
        }
    }

    @Test
    void the_applications_customizers_have_the_last_word() {
        runner.withUserConfiguration(OwnTimer.class).run(context -> {
            assertThat(context.getBean(ClientResources.class).timer()).isInstanceOf(HashedWheelTimer.class);
            assertThat(context.getBean(ClientResources.class).eventLoopGroupProvider())
                    .isInstanceOf(ShardEventLoopGroupProvider.class);
        });
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnTimer {

        @Bean(destroyMethod = "stop")
        HashedWheelTimer ownTimer() {
            return new HashedWheelTimer();
        }

        @Bean
        ClientResourcesBuilderCustomizer ownCustomizer(HashedWheelTimer timer) {
            return builder -> builder.timer(timer);
        }
    }
}
