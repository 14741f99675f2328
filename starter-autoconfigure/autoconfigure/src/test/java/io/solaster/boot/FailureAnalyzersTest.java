package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.engine.net.TransportChoice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.r2dbc.autoconfigure.R2dbcAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Configuration;

/** What a person reads who has written something that cannot be. */
@ExtendWith(OutputCaptureExtension.class)
final class FailureAnalyzersTest {

    @Test
    void every_wrong_value_is_named_with_its_fix(CapturedOutput output) {
        fails("--spring.config.location=classpath:wrong.yml");
        assertThat(output).contains("""
                Solaster cannot start as configured, for 4 reasons:

                """).contains("solaster.engine.shards: 'many' is no number of shards")
                .contains("solaster.engine.shards: give a number from 1, or 'auto'")
                .contains("solaster.engine.task-quota: '5 parsecs' is no duration")
                .contains("solaster.engine.transport: 'carrier-pigeon' is no choice here")
                .contains("solaster.engine.transport: write one of auto, io_uring, epoll, nio")
                .contains("solaster.servers.kv.port: 70000 is out of range")
                .contains("solaster.servers.kv.port: write a number from 0 to 65535");
        assertThat(output).doesNotContain("\tat ");
    }

    @Test
    void more_shards_than_cpus(CapturedOutput output) {
        fails("--solaster.engine.shards=1000", "--solaster.engine.pinning=auto");
        int cpus = Runtime.getRuntime().availableProcessors();
        assertThat(output).containsPattern("Solaster cannot start as configured:\n\n"
                + "    solaster\\.engine\\.shards: 1000 asked, " + cpus + " CPUs? allowed \\(cpuset [0-9,-]+\\)")
                .contains("    solaster.engine.shards: set " + cpus + " or 'auto'");
        assertThat(output).doesNotContain("\tat ");
    }

    @Test
    void a_transport_that_is_not_to_be_had() {
        for (Transport transport : new Transport[]{Transport.IO_URING, Transport.EPOLL}) {
            InvalidConfigException failure = new InvalidConfigException(java.util.List.of(
                    new Violation("solaster.engine.transport", TransportChoice.label(transport),
                            "not to be had here (Operation not permitted)",
                            "set 'auto', which takes the best that is")));
            FailureAnalysis analysis = new InvalidConfigFailureAnalyzer().analyze(failure);
            assertThat(analysis).isNotNull();
            assertThat(analysis.getDescription())
                    .contains("solaster.engine.transport: not to be had here (Operation not permitted)");
            assertThat(analysis.getAction()).contains("set 'auto', which takes the best that is");
        }
    }

    @Test
    void a_port_in_use(CapturedOutput output) throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = taken.getLocalPort();
            fails("--solaster.servers.kv.protocol=resp", "--solaster.servers.kv.port=" + port);
            assertThat(output)
                    .contains("Server 'kv' cannot listen on 127.0.0.1:" + port + ": the port is in use.")
                    .contains("Stop what listens there (ss -ltnp 'sport = :" + port
                            + "'), or set solaster.servers.kv.port to another.");
            assertThat(output).doesNotContain("\tat ");
        }
    }

    @Test
    void a_host_of_another_machine(CapturedOutput output) {
        fails("--solaster.servers.kv.protocol=resp", "--solaster.servers.kv.port=0",
                "--solaster.servers.kv.host=192.0.2.1");
        assertThat(output).contains("Server 'kv' cannot listen on 192.0.2.1:0: the address is not one of this machine.")
                .contains("Set solaster.servers.kv.host to an address of this machine, or 0.0.0.0 for all.");
        assertThat(output).doesNotContain("\tat ");
    }

    @Test
    void an_unknown_protocol(CapturedOutput output) {
        fails("--solaster.servers.kv.protocol=gopher", "--solaster.servers.kv.port=0");
        assertThat(output).contains("solaster.servers.kv.protocol: 'gopher' is no protocol here")
                .contains("solaster.servers.kv.protocol: write 'resp', or add a bean of type ServerProtocol");
    }

    /** Starts an application that cannot start, as its main method would. */
    private static void fails(String... args) {
        SpringApplication application = new SpringApplication(Application.class);
        application.setWebApplicationType(WebApplicationType.NONE);
        application.setDefaultProperties(java.util.Map.of("solaster.engine.shards", 1, "solaster.engine.pinning",
                "never", "solaster.engine.transport", "nio"));
        assertThatThrownBy(() -> application.run(args)).isInstanceOf(Exception.class);
        assertThat(Thread.getAllStackTraces().keySet()).extracting(Thread::getName)
                .noneMatch(name -> name.contains("-shard-"));
    }

    @Configuration(proxyBeanMethods = false)
    // What other tests have on the class path fails first, for want of a database.
    @EnableAutoConfiguration(exclude = {R2dbcAutoConfiguration.class, DataRedisAutoConfiguration.class})
    static class Application {}
}
