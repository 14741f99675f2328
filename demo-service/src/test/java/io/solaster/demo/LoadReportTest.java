package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

import io.solaster.load.Load;
import io.solaster.load.LoadReport;
import io.solaster.load.report.HtmlReport;
import io.solaster.spring.server.ServerLifecycle;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;

/** The third of the guide's three tests: requests at a rate that knows nothing of answers, and a report of them. */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT, properties = {"solaster.servers.kv.port=0",
        "solaster.servers.web.port=0",
        "solaster.engine.shards=2", "solaster.engine.pinning=never"})
final class LoadReportTest {

    @Autowired
    ServerLifecycle servers;

    @Test
    void each_of_500_requests_a_second_is_answered() throws IOException {
        String url = "http://127.0.0.1:" + servers.server("web").orElseThrow().port() + "/json";
        LoadReport report = Load.of(url).poisson(500).connections(4).timeout(Duration.ofSeconds(60))
                .lasting(Duration.ofMillis(500)).run();
        Files.writeString(Path.of("target/load.html"), HtmlReport.of(report));
        assertThat(report.errors()).isEmpty();
        assertThat(report.answered()).isPositive();
        report.assertP99(Duration.ofSeconds(1));
    }
}
