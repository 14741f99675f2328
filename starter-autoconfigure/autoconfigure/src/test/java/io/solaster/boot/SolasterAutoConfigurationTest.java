package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.SolasterConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.net.BindException;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.TcpServer;
import io.solaster.spring.ServerProtocol;
import io.solaster.spring.server.ServerLifecycle;
import io.solaster.store.Store;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@ExtendWith(OutputCaptureExtension.class)
final class SolasterAutoConfigurationTest {
    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                    SolasterStoreAutoConfiguration.class))
            .withPropertyValues("solaster.engine.shards=1", "solaster.engine.pinning=never",
                    "solaster.engine.transport=nio");
    private final ApplicationContextRunner serving = runner.withPropertyValues("solaster.servers.kv.protocol=resp",
            "solaster.servers.kv.port=0");

    @Test
    void starts_shards_and_serves_what_the_configuration_names() {
        serving.run(context -> {
            assertThat(context).hasNotFailed().hasSingleBean(Engine.class).hasSingleBean(Store.class)
                    .hasSingleBean(ServerLifecycle.class);
            assertThat(context.getBean(Engine.class).shards()).hasSize(1);
            assertThat(context.getBean(SolasterConfig.class).servers()).containsKey("kv");
            assertThat(Client.ask(port(context.getBean(ServerLifecycle.class)), "PING")).isEqualTo("+PONG");
        });
    }

    @Test
    void needs_no_server() {
        runner.run(context -> {
            assertThat(context).hasNotFailed().hasSingleBean(Engine.class);
            assertThat(context.getBean(ServerLifecycle.class).isRunning()).isFalse();
        });
    }

    @Test
    void one_switch_leaves_nothing() {
        serving.withPropertyValues("solaster.enabled=false")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(Engine.class)
                        .doesNotHaveBean(SolasterConfig.class).doesNotHaveBean(Store.class)
                        .doesNotHaveBean(ServerLifecycle.class).doesNotHaveBean(ServerProtocol.class));
    }

    @Test
    void stops_the_engine_with_the_context() {
        AtomicReference<Engine> engine = new AtomicReference<>();
        serving.run(context -> engine.set(context.getBean(Engine.class)));
        assertThat(engine.get().isStopping()).isTrue();
        assertThat(engine.get().shard(0).isTerminated()).isTrue();
    }

    @Test
    void steps_back_for_beans_of_the_application() {
        serving.withUserConfiguration(OwnEngineAndStore.class).run(context -> {
            assertThat(context).hasNotFailed().hasSingleBean(Engine.class).hasSingleBean(Store.class);
            assertThat(context).getBeanNames(Engine.class).containsExactly("ownEngine");
            assertThat(context).getBeanNames(Store.class).containsExactly("ownStore");
            assertThat(context.getBean(Engine.class).shards()).hasSize(2);
            assertThat(Client.ask(port(context.getBean(ServerLifecycle.class)), "PING")).isEqualTo("+PONG");
        });
        runner.withUserConfiguration(OwnConfig.class).run(context -> {
            assertThat(context).hasNotFailed().getBeanNames(SolasterConfig.class).containsExactly("ownConfig");
            assertThat(context.getBean(ServerLifecycle.class).server("own")).isPresent();
        });
    }

    @Test
    void other_beans_use_the_shards_in_their_constructors() {
        runner.withUserConfiguration(EagerUser.class).run(
                context -> assertThat(context.getBean("ranOn")).asString().endsWith("-shard-0"));
    }

    @Test
    void a_bean_adds_a_protocol() {
        runner.withUserConfiguration(EchoProtocol.class)
                .withPropertyValues("solaster.servers.echo.protocol=echo", "solaster.servers.echo.port=0")
                .run(context -> assertThat(Client.ask(context.getBean(ServerLifecycle.class).server("echo")
                        .orElseThrow().port(), "hello")).isEqualTo("hello"));
    }

    @Test
    void an_unknown_protocol_names_those_there_are() {
        runner.withPropertyValues("solaster.servers.mail.protocol=smtp", "solaster.servers.mail.port=0")
                .run(context -> assertThat(context).getFailure().rootCause()
                        .isInstanceOf(InvalidConfigException.class)
                        .hasMessage("solaster.servers.mail.protocol: 'smtp' is no protocol here;"
                                + " write 'resp', or add a bean of type ServerProtocol"));
    }

    @Test
    void warnings_are_logged_and_errors_with_strict(CapturedOutput output) {
        ApplicationContextRunner open = serving.withPropertyValues("solaster.servers.kv.host=0.0.0.0",
                "solaster.servers.kv.protected-mode=false");
        String warning = "solaster.servers.kv.protected-mode: whoever reaches 0.0.0.0 may read and write all keys";
        open.run(context -> assertThat(context).hasNotFailed());
        assertThat(output).contains(warning);
        open.withPropertyValues("solaster.strict=true").run(context -> assertThat(context).getFailure().rootCause()
                .isInstanceOf(InvalidConfigException.class).hasMessageContaining(warning));
    }

    @Test
    void an_unknown_key_starts_nothing() {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        serving.withPropertyValues("solaster.engine.transprt=nio")
                .run(context -> failure.set(context.getStartupFailure()));
        assertThat(failure.get()).rootCause().hasMessageContaining(
                "solaster.engine.transprt: there is no such key; write solaster.engine.transport");
        assertThat(Thread.getAllStackTraces().keySet()).extracting(Thread::getName)
                .noneMatch(name -> name.contains("-shard-"));
    }

    @Test
    void a_drain_must_end_before_spring_ends_it() {
        serving.withPropertyValues("spring.lifecycle.timeout-per-shutdown-phase=10s",
                "solaster.engine.shutdown-timeout=20s")
                .run(context -> assertThat(context).getFailure().rootCause().hasMessageContaining(
                        "solaster.engine.shutdown-timeout: connections may drain for 20s, and"
                                + " spring.lifecycle.timeout-per-shutdown-phase ends that after 10s; write 10s or less"));
        serving.withPropertyValues("spring.lifecycle.timeout-per-shutdown-phase=10s").run(context -> {
            assertThat(context).hasNotFailed();
            assertThat(context.getBean(SolasterConfig.class).engine().shutdownTimeout())
                    .isEqualTo(Duration.ofSeconds(10));
            assertThat(context.getBean(Engine.class).config().shutdownTimeout()).isEqualTo(Duration.ofSeconds(10));
        });
        serving.withPropertyValues("spring.lifecycle.timeout-per-shutdown-phase=20s")
                .run(context -> assertThat(context).hasNotFailed());
    }

    @Test
    void without_the_store_there_is_no_resp() {
        ApplicationContextRunner storeless = runner.withClassLoader(new FilteredClassLoader("io.solaster.store"));
        storeless.run(context -> assertThat(context).hasNotFailed().hasSingleBean(Engine.class)
                .doesNotHaveBean("solasterStore").doesNotHaveBean(ServerProtocol.class));
        storeless.withPropertyValues("solaster.servers.kv.protocol=resp", "solaster.servers.kv.port=0")
                .run(context -> assertThat(context).getFailure().rootCause()
                        .isInstanceOf(InvalidConfigException.class)
                        .hasMessageContaining("'resp' is no protocol here; there is none: add solaster-store"));
    }

    @Test
    void binds_all_servers_or_none() throws IOException {
        int first = freePort();
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            runner.withPropertyValues("solaster.servers.a.protocol=resp", "solaster.servers.a.port=" + first,
                    "solaster.servers.b.protocol=resp", "solaster.servers.b.port=" + taken.getLocalPort())
                    .run(context -> assertThat(context).getFailure().rootCause().isInstanceOfAny(BindException.class,
                            IOException.class));
        }
        assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), first).close())
                .isInstanceOf(IOException.class);
    }

    @Test
    void stops_and_starts_again() {
        serving.run(context -> {
            ServerLifecycle servers = context.getBean(ServerLifecycle.class);
            int port = port(servers);
            context.getSourceApplicationContext(org.springframework.context.ConfigurableApplicationContext.class)
                    .stop();
            assertThat(servers.isRunning()).isFalse();
            assertThat(servers.servers()).isEmpty();
            assertThatThrownBy(() -> Client.ask(port, "PING")).isInstanceOf(IOException.class);
            servers.start();
            assertThat(Client.ask(port(servers), "PING")).isEqualTo("+PONG");
        });
    }

    @Test
    void servers_drain_side_by_side_and_within_their_deadline() {
        serving.withUserConfiguration(DeafProtocol.class)
                .withPropertyValues("solaster.engine.shutdown-timeout=1s", "solaster.servers.a.protocol=deaf",
                        "solaster.servers.a.port=0", "solaster.servers.b.protocol=deaf", "solaster.servers.b.port=0")
                .run(context -> {
                    ServerLifecycle servers = context.getBean(ServerLifecycle.class);
                    List<Socket> clients = List.of(connect(servers, "a"), connect(servers, "b"));
                    long start = System.nanoTime();
                    servers.stop();
                    assertThat((System.nanoTime() - start) / 1_000_000).isGreaterThanOrEqualTo(900);
                    for (Socket client : clients) {
                        client.setSoTimeout(60_000);
                        assertThat(client.getInputStream().read()).isEqualTo(-1);
                        client.close();
                    }
                    Queue<String> seen = context.getBean(DeafProtocol.class).seen;
                    assertThat(seen).as("both drain before either has ended").hasSize(4);
                    assertThat(seen.stream().limit(2)).containsExactlyInAnyOrder("a drains", "b drains");
                });
    }

    private static Socket connect(ServerLifecycle servers, String name) throws IOException, InterruptedException {
        TcpServer server = servers.server(name).orElseThrow();
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        while (server.connections() == 0) {
            Thread.sleep(5);
        }
        return socket;
    }

    private static int port(ServerLifecycle servers) {
        return servers.servers().iterator().next().port();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static EngineConfig smallEngine(int shards) {
        return EngineConfig.defaults().withShards(shards).withPinning(Pinning.NEVER).withTransport(Transport.NIO);
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnEngineAndStore {

        @Bean
        Engine ownEngine() {
            return Engine.start(smallEngine(2));
        }

        @Bean
        Store ownStore(Engine engine) {
            return Store.on(engine);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnConfig {

        @Bean
        SolasterConfig ownConfig() {
            return Changed.with(SolasterConfig.defaults().withEngine(smallEngine(1)), "servers",
                    Map.of("own", ServerConfig.of("resp", 0)));
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class EagerUser {

        @Bean
        String ranOn(Engine engine) {
            return engine.submitTo(0, () -> Thread.currentThread().getName()).join();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class EchoProtocol {

        @Bean
        ServerProtocol echo() {
            return ServerProtocol.of("echo", (name, config) -> new ConnectionHandler() {
                @Override
                public void connected(Shard shard, Channel channel) {
                    channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelRead(ChannelHandlerContext ctx, Object message) {
                            ctx.writeAndFlush(message);
                        }
                    });
                }
            });
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class DeafProtocol {
        final Queue<String> seen = new ConcurrentLinkedQueue<>();

        /** Does not react to being drained. */
        @Bean
        ServerProtocol deaf() {
            return ServerProtocol.of("deaf", (name, config) -> new ConnectionHandler() {
                @Override
                public void connected(Shard shard, Channel channel) {
                    channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                        @Override
                        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                            if (event == TcpServer.DRAIN) {
                                seen.add(name + " drains");
                            }
                        }

                        @Override
                        public void channelInactive(ChannelHandlerContext ctx) {
                            seen.add(name + " has ended");
                        }
                    });
                }
            });
        }
    }
}
