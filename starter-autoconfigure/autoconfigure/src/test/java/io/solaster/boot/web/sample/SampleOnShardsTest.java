package io.solaster.boot.web.sample;

import java.net.http.HttpClient.Version;
import java.util.stream.Stream;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Our server, over the best transport that this machine has. */
@ParameterizedClass(name = "{0}")
@MethodSource("servers")
final class SampleOnShardsTest extends SampleTest {

    static Stream<Served> servers() {
        Transport best = isHere(Transport.EPOLL) ? Transport.EPOLL : Transport.NIO;
        return Stream.of(Version.HTTP_1_1, Version.HTTP_2).map(version -> new Served("solaster", best, version));
    }
}
