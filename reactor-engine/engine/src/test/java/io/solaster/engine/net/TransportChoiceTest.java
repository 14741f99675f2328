package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Child;
import io.solaster.engine.transport.TransportChoice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Execution(ExecutionMode.CONCURRENT)
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class TransportChoiceTest {
    private static final List<String> NO_NATIVE = List.of("-Dio.netty.transport.noNative=true");

    @Test
    void nioIsAlwaysThere() {
        assertThat(TransportChoice.choose(Transport.NIO).reason()).isEqualTo("nio as configured");
        assertThat(TransportChoice.choose(Transport.AUTO).kind()).isNotEqualTo(Transport.AUTO);
    }

    @Test
    void autoPassesOverWhatTheKernelRefusedAndSaysSo() {
        TransportChoice choice = TransportChoice.choose(Transport.AUTO,
                Map.of(Transport.IO_URING, "Cannot allocate memory", Transport.EPOLL, "Too many open files"));
        assertThat(choice.kind()).isEqualTo(Transport.NIO);
        assertThat(choice.reason()).contains("io_uring is not to be had (Cannot allocate memory)",
                "epoll is not to be had (Too many open files)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "io_uring"})
    void whatIsAskedForAndNotToBeHadIsRefusedWithTheReason(String transport) throws Exception {
        try (Child child = Child.start("", ChildServer.class, NO_NATIVE, transport, "0")) {
            assertThat(child.all()).contains("refused: ", "solaster.engine.transport: '" + transport, "noNative",
                    "set 'auto'");
        }
    }

    @Test
    void autoFallsBackAndLogsWhy() throws Exception {
        try (Child child = Child.start("", ChildServer.class, NO_NATIVE, "auto", "0")) {
            child.number("port ");
            child.tell("end");
            assertThat(child.all())
                    .containsPattern("INFO +Engine .*Transport: nio: .*epoll is not to be had \\(.*noNative");
        }
    }
}
