package io.solaster.boot.web.sample;

import java.net.http.HttpClient.Version;
import java.util.stream.Stream;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Reactor Netty on the shards, and ours over the other transports that this machine has. */
@Tag("full")
@ParameterizedClass(name = "{0}")
@MethodSource("servers")
final class SampleElsewhereTest extends SampleTest {

    static Stream<Served> servers() {
        return Stream.of(new Served("none", Transport.NIO, Version.HTTP_1_1),
                new Served("solaster", Transport.NIO, Version.HTTP_1_1),
                new Served("solaster", Transport.NIO, Version.HTTP_2),
                new Served("solaster", Transport.IO_URING, Version.HTTP_1_1)).filter(each -> isHere(each.transport()));
    }
}
