package io.solaster.boot.web;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.ConfigurableApplicationContext;

/** Whether what {@code http.sh --only webflux} compares runs on one and the same transport. */
class WebFluxHostTest {

    @ParameterizedTest
    @ValueSource(strings = {"reactor-netty", "shards", "solaster"})
    void runsOnTheTransportThatIsAskedFor(String server) {
        try (ConfigurableApplicationContext application = WebFluxHost.start(server, 0, "nio")) {
            assertThat(WebFluxHost.transport(application)).isEqualTo("nio");
        }
    }
}
