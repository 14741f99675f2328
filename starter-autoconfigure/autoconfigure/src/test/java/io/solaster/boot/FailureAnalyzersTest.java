package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;

import io.solaster.boot.actuate.Actuated;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.engine.transport.TransportChoice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Configuration;
import org.springframework.mock.env.MockEnvironment;

/** What a person reads who has written something that cannot be. */
@ExtendWith(OutputCaptureExtension.class)
final class FailureAnalyzersTest {

    @Test
    void every_wrong_value_is_named_with_its_fix(CapturedOutput output) {
        fails("--spring.config.location=classpath:wrong.yml");
        assertThat(output).contains("""
                Solaster cannot start as configured, for 5 reasons:

                """).contains("solaster.engine.shards: 'many' is no number of shards (classpath:wrong.yml:3:13)")
                .contains("solaster.servers.kv.prot: there is no such key (classpath:wrong.yml:10:13)")
                .contains("solaster.servers.kv.prot: write solaster.servers.kv.port")
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
    void what_others_refuse_is_told_with_its_origin(CapturedOutput output) {
        fails("--spring.config.location=classpath:gopher.yml");
        assertThat(output).contains("solaster.servers.kv.protocol: 'gopher' is no protocol here"
                + " (classpath:gopher.yml:4:17)");
    }

    @Test
    void a_drain_that_spring_would_cut_short(CapturedOutput output) {
        fails("--solaster.engine.shutdown-timeout=40s");
        assertThat(output).contains("solaster.engine.shutdown-timeout: connections may drain for 40s, and"
                + " spring.lifecycle.timeout-per-shutdown-phase ends that after 30s (command line)")
                .contains("solaster.engine.shutdown-timeout: write 30s or less, or raise"
                        + " spring.lifecycle.timeout-per-shutdown-phase");
    }

    @Test
    void yaml_that_is_none(CapturedOutput output, @TempDir Path directory) throws IOException {
        Path file = directory.resolve("broken.yml");
        Files.writeString(file, "solaster:\n  engine:\n    shards: 2\n   smt: [true\n");
        fails("--spring.config.location=" + file);
        assertThat(output).contains("APPLICATION FAILED TO START")
                .contains("A configuration file is no YAML at line 4, column 4: expected").contains("smt: [true\n");
        assertThat(output).doesNotContain("\tat ");
    }

    @Test
    void a_transport_that_is_not_to_be_had() {
        for (Transport transport : new Transport[]{Transport.IO_URING, Transport.EPOLL}) {
            InvalidConfigException failure = new InvalidConfigException(java.util.List.of(
                    new Violation("solaster.engine.transport", TransportChoice.label(transport),
                            "not to be had here (Operation not permitted)",
                            "set 'auto', which takes the best that is")));
            FailureAnalysis analysis = new InvalidConfigFailureAnalyzer(new MockEnvironment()).analyze(failure);
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
            assertThat(output).doesNotContainPattern("(Exception|Error)[^\n]*\n\tat ");
        }
    }

    @Test
    void a_host_of_another_machine(CapturedOutput output) {
        fails("--solaster.servers.kv.protocol=resp", "--solaster.servers.kv.port=0",
                "--solaster.servers.kv.host=192.0.2.1");
        assertThat(output).contains("Server 'kv' cannot listen on 192.0.2.1:0: the address is not one of this machine.")
                .contains("Set solaster.servers.kv.host to an address of this machine, or 0.0.0.0 for all.");
        assertThat(output).doesNotContainPattern("(Exception|Error)[^\n]*\n\tat ");
    }

    @Test
    void an_unknown_protocol(CapturedOutput output) {
        fails("--solaster.servers.kv.protocol=gopher", "--solaster.servers.kv.port=0");
        assertThat(output).contains("solaster.servers.kv.protocol: 'gopher' is no protocol here")
                .contains("solaster.servers.kv.protocol: write 'http', 'resp', or add a bean of type ServerProtocol");
    }

    /** Starts an application that cannot start, as its main method would. */
    private static void fails(String... args) {
        SpringApplication application = new SpringApplication(Application.class);
        application.setWebApplicationType(WebApplicationType.NONE);
        application.setDefaultProperties(java.util.Map.of("solaster.engine.shards", 1, "solaster.engine.pinning",
                "never", "solaster.engine.transport", "nio", "spring.autoconfigure.exclude", Actuated.BUT_NETTY));
        assertThatThrownBy(() -> application.run(args)).isInstanceOf(Exception.class);
        // A thread is there for a moment after its loop has ended.
        ThreeShards.until("no shard is left", () -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().contains("-shard-")));
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {}
}
