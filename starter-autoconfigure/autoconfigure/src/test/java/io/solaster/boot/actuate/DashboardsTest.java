package io.solaster.boot.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import com.jayway.jsonpath.JsonPath;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.WebApplicationType;
import org.yaml.snakeyaml.Yaml;

/** The dashboard and the alerts ask for what there is. */
final class DashboardsTest {
    private static final Path FOLDER = Path.of("src/main/resources/io/solaster/boot/dashboards");
    private static final Pattern METRIC = Pattern.compile("\\bsolaster_[a-z0-9_]+");
    private static final Pattern LABELS = Pattern.compile("\\b(solaster_[a-z0-9_]+)\\{([^}]*)\\}");
    private static final Pattern LABEL = Pattern.compile("([a-z_]+)(?:=~|!=|=|!~)\"");

    @Test
    void every_query_names_a_series_that_exists() throws Exception {
        String scrape = scrape();
        Set<String> known = scrape.lines().filter(line -> line.startsWith("solaster_"))
                .map(line -> line.replaceFirst("[ {].*", "")).collect(Collectors.toCollection(TreeSet::new));
        List<String> queries = queries();
        assertThat(queries).hasSizeGreaterThan(40);
        for (String query : queries) {
            Set<String> named = METRIC.matcher(query).results().map(match -> match.group())
                    .collect(Collectors.toSet());
            assertThat(named).as(query).isNotEmpty().isSubsetOf(known);
            LABELS.matcher(query).results().forEach(match -> {
                String series = scrape.lines().filter(line -> line.startsWith(match.group(1) + "{")).findFirst()
                        .orElseThrow();
                LABEL.matcher(match.group(2)).results().map(label -> label.group(1))
                        .filter(label -> !label.equals("job"))
                        .forEach(label -> assertThat(series).as(query).contains(label + "=\""));
            });
        }
    }

    @Test
    void the_dashboard_can_be_imported_anywhere() throws IOException {
        String dashboard = Files.readString(FOLDER.resolve("solaster-grafana.json"));
        assertThat(JsonPath.<List<String>>read(dashboard, "$..targets[*].datasource.uid"))
                .containsOnly("${datasource}");
        List<Integer> ids = JsonPath.read(dashboard, "$.panels[*].id");
        assertThat(ids).doesNotHaveDuplicates().hasSizeGreaterThan(20);
    }

    @Test
    void promtool_accepts_the_rules(@TempDir Path folder) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/promtool")),
                "promtool is not installed (apt-get install prometheus)");
        Path output = folder.resolve("output");
        Process promtool = new ProcessBuilder("/usr/bin/promtool", "check", "rules",
                FOLDER.resolve("solaster-alerts.yml").toString()).redirectErrorStream(true)
                .redirectOutput(output.toFile()).start();
        assertThat(promtool.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(promtool.exitValue()).as(Files.readString(output)).isZero();
    }

    private static List<String> queries() throws IOException {
        String dashboard = Files.readString(FOLDER.resolve("solaster-grafana.json"));
        List<String> queries = new ArrayList<>(JsonPath.<List<String>>read(dashboard, "$..targets[*].expr"));
        queries.addAll(JsonPath.<List<String>>read(dashboard, "$.templating.list[*].query.query"));
        Map<String, Object> rules = new Yaml().load(Files.readString(FOLDER.resolve("solaster-alerts.yml")));
        queries.addAll(JsonPath.<List<String>>read(rules, "$.groups[*].rules[*].expr"));
        return queries;
    }

    private static String scrape() throws Exception {
        try (Actuated it = Actuated.start(WebApplicationType.SERVLET,
                "management.metrics.distribution.percentiles-histogram.solaster.server.requests=true",
                "management.metrics.distribution.percentiles-histogram.solaster.pool=true",
                "solaster.pools.orders.endpoints=127.0.0.1:1")) {
            return it.get("prometheus").body();
        }
    }
}
