package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.solaster.boot.actuate.meters.SolasterMetricsAutoConfiguration;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.SolasterConfig;
import io.solaster.config.server.UdpConfig;
import io.solaster.engine.net.BindException;
import io.solaster.engine.net.udp.UdpServer;
import io.solaster.spring.DatagramProtocol;
import io.solaster.spring.server.UdpLifecycle;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

final class DatagramServersTest {
    private static final int PATIENCE_MILLIS = 60_000;

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                    SolasterMetricsAutoConfiguration.class))
            .withPropertyValues("solaster.engine.shards=1", "solaster.engine.pinning=never",
                    "solaster.engine.transport=nio", "solaster.udp.echo.protocol=echo", "solaster.udp.echo.port=0");

    private static String ask(UdpServer server, String text) throws IOException {
        try (DatagramSocket client = new DatagramSocket(new InetSocketAddress("127.0.0.1", 0))) {
            client.setSoTimeout(PATIENCE_MILLIS);
            byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
            client.send(new DatagramPacket(bytes, bytes.length, server.address()));
            DatagramPacket answer = new DatagramPacket(new byte[100], 100);
            client.receive(answer);
            return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void a_bean_adds_a_protocol_whose_servers_come_back_on_their_port() {
        runner.withUserConfiguration(Echo.class).run(context -> {
            UdpLifecycle servers = context.getBean(UdpLifecycle.class);
            UdpServer server = servers.server("echo").orElseThrow();
            assertThat(ask(server, "hello")).isEqualTo("hello");
            servers.stop();
            assertThat(servers.isRunning()).isFalse();
            assertThat(server.isListening()).isFalse();
            servers.start();
            assertThat(servers.server("echo").orElseThrow().port()).isEqualTo(server.port());
            assertThat(ask(servers.server("echo").orElseThrow(), "again")).isEqualTo("again");
        });
    }

    @Test
    void of_two_stops_at_once_the_later_leaves_alone_what_was_bound_in_between() {
        runner.withUserConfiguration(Echo.class).run(context -> {
            UdpLifecycle servers = context.getBean(UdpLifecycle.class);
            for (int round = 0; round < 10; round++) {
                CountDownLatch both = new CountDownLatch(2);
                CompletableFuture<Void> asked = new CompletableFuture<>();
                servers.stop(() -> {
                    asked.join();
                    servers.start();
                    both.countDown();
                });
                servers.stop(both::countDown);
                asked.complete(null);
                assertThat(both.await(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
                assertThat(ask(servers.server("echo").orElseThrow(), "here")).isEqualTo("here");
            }
        });
    }

    @Test
    void an_unknown_protocol_names_those_there_are() {
        runner.withUserConfiguration(Echo.class).withPropertyValues("solaster.udp.echo.protocol=dns")
                .run(context -> assertThat(context).getFailure().rootCause()
                        .isInstanceOf(InvalidConfigException.class)
                        .hasMessage("solaster.udp.echo.protocol: 'dns' is no protocol of datagrams here;"
                                + " write 'echo', or add a bean of type DatagramProtocol"));
    }

    @Test
    void all_are_bound_or_none() throws IOException {
        try (DatagramSocket taken = new DatagramSocket(new InetSocketAddress("127.0.0.1", 0))) {
            runner.withUserConfiguration(Echo.class)
                    .withPropertyValues("solaster.udp.other.protocol=echo",
                            "solaster.udp.other.port=" + taken.getLocalPort())
                    .run(context -> assertThat(context).getFailure().rootCause().isNotNull().satisfiesAnyOf(
                            cause -> assertThat(cause).isInstanceOf(BindException.class),
                            cause -> assertThat(cause).isInstanceOf(IOException.class)));
        }
    }

    @Test
    void limits_change_and_meters_count() {
        runner.withUserConfiguration(Echo.class).withBean(MeterRegistry.class, SimpleMeterRegistry::new)
                .run(context -> {
                    MeterRegistry registry = context.getBean(MeterRegistry.class);
                    context.getBean("solasterUdpMeters", MeterBinder.class).bindTo(registry);
                    UdpLifecycle servers = context.getBean(UdpLifecycle.class);
                    UdpServer server = servers.server("echo").orElseThrow();
                    ask(server, "one");
                    ask(server, "two");
                    // Counted once all that had come is handled, which may be after the answers have left.
                    ThreeShards.until("both are counted", () -> registry.get("solaster.udp.received")
                            .tag("server", "echo").functionCounter().count() >= 2);
                    assertThat(registry.get("solaster.udp.dropped").tag("reason", "oversize").functionCounter()
                            .count()).isZero();
                    UdpConfig limited = server.config()
                            .withLimits(server.config().limits().withPacketsPerSecond(7, 9));
                    SolasterConfig config = io.solaster.config.Changed.with(context.getBean(SolasterConfig.class),
                            "udp", java.util.Map.of("echo", limited));
                    servers.reconfigure(config).join();
                    assertThat(server.config()).isEqualTo(limited);
                });
    }

    @Configuration(proxyBeanMethods = false)
    static class Echo {

        @Bean
        DatagramProtocol echo() {
            return DatagramProtocol.of("echo",
                    (server, config) -> (endpoint, bytes, from) -> endpoint.send(bytes.retain(), from));
        }
    }
}
