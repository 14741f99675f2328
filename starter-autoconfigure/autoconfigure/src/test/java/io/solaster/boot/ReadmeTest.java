package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.solaster.boot.actuate.SolasterPoolActuatorAutoConfiguration;
import io.solaster.boot.actuate.meters.SolasterMetricsAutoConfiguration;
import io.solaster.boot.log.SolasterLogAutoConfiguration;
import io.solaster.boot.pool.SolasterPoolsAutoConfiguration;
import io.solaster.boot.streams.SolasterStreamsAutoConfiguration;
import io.solaster.boot.streams.SolasterTopicListenersAutoConfiguration;
import io.solaster.config.SolasterConfig;
import io.solaster.config.WebConfig;
import io.solaster.config.check.ConfigBinder;
import io.solaster.http.HttpHandler;
import io.solaster.spring.ShardScheduled;
import io.solaster.spring.TopicListener;
import io.solaster.spring.trace.SolasterObservation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.io.ByteArrayResource;

/** What the README says is so. */
final class ReadmeTest {
    private static final Pattern YAML = Pattern.compile("(?ms)^```yaml\n(.*?)^```$");
    private static final Pattern METERS = Pattern.compile("(?m)^\\| (`solaster\\.[^|]*) \\|");
    private static final Pattern NAME = Pattern.compile("`([a-z0-9.]+)`");

    private final String readme = Files.readString(Path.of("../README.md"));

    ReadmeTest() throws IOException {}

    @Test
    void its_yaml_binds() throws IOException {
        List<SolasterConfig> bound = new ArrayList<>();
        for (MatchResult yaml : YAML.matcher(readme).results().filter(it -> it.group(1).startsWith("solaster:"))
                .toList()) {
            bound.add(ConfigBinder.bind(new Binder(ConfigurationPropertySources.from(new YamlPropertySourceLoader()
                    .load("README", new ByteArrayResource(yaml.group(1).getBytes()))))));
        }
        assertThat(bound).hasSize(7);
        assertThat(bound.get(6).placedTopics().get("orders").directory()).isEqualTo("/var/lib/shop/topics/orders");
        assertThat(bound.get(5).pools().get("orders").endpoints()).hasSize(3);
        assertThat(bound.subList(0, 2)).allSatisfy(config -> assertThat(config.servers()).containsKey("kv"));
        assertThat(bound.get(2).servers().get("web").sslBundle()).isEqualTo("web");
        assertThat(bound.get(3).udp()).containsKey("names");
        assertThat(bound.get(4).web().server()).isEqualTo(WebConfig.Server.SOLASTER);
        assertThat(bound.get(1).servers().get("bulk").group()).isEqualTo("reports");
        assertThat(bound.get(1).engine().groups().get("reports").meshPermits()).isEqualTo(64);
    }

    @Test
    void it_lists_every_meter_and_no_other(@TempDir Path directory) throws Exception {
        Certificates.make(directory, "server");
        Set<String> listed = new TreeSet<>();
        for (MatchResult row : METERS.matcher(section("Meters")).results().toList()) {
            List<String> names = NAME.matcher(row.group(1)).results().map(name -> name.group(1)).toList();
            // '.idle' beside 'solaster.shard.busy' is 'solaster.shard.idle'.
            String prefix = names.getFirst().replaceFirst("(solaster\\.[a-z]+).*", "$1");
            names.forEach(name -> listed.add(name.startsWith(".") ? prefix + name : name));
        }
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                        SolasterBeansAutoConfiguration.class, SolasterStoreAutoConfiguration.class,
                        SolasterHttpAutoConfiguration.class, SolasterPoolsAutoConfiguration.class,
                        SolasterPoolActuatorAutoConfiguration.class, SolasterLogAutoConfiguration.class,
                        SolasterStreamsAutoConfiguration.class, SolasterTopicListenersAutoConfiguration.class,
                        SolasterMetricsAutoConfiguration.class, SslAutoConfiguration.class))
                .withPropertyValues("solaster.engine.shards=2", "solaster.engine.pinning=never",
                        "solaster.engine.transport=nio", "solaster.servers.kv.protocol=resp",
                        "solaster.servers.kv.port=0", "solaster.servers.web.protocol=http",
                        "solaster.servers.web.port=0", "solaster.metrics.shard-pairs=true",
                        "solaster.servers.web.ssl-bundle=server",
                        "spring.ssl.bundle.jks.server.keystore.location=file:" + directory.resolve("server.p12"),
                        "spring.ssl.bundle.jks.server.keystore.password=changeit",
                        "solaster.pools.orders.endpoints=127.0.0.1:1",
                        "solaster.topics.orders.directory=" + directory.resolve("orders"),
                        "solaster.logs.orders.directory=" + directory.resolve("log"),
                        "solaster.logs.orders.segment=128KB",
                        "solaster.logs.orders.buffer=64KB")
                .withBean("web", HttpHandler.class, () -> (request, response) -> response.send())
                .withBean(Scheduled.class).withBean(Listener.class)
                .withBean(MeterRegistry.class, SimpleMeterRegistry::new).run(context -> {
                    MeterRegistry registry = context.getBean(MeterRegistry.class);
                    context.getBeansOfType(MeterBinder.class).values().forEach(binder -> binder.bindTo(registry));
                    ThreeShards.until("the shards have been asked for groups",
                            () -> registry.get("solaster.streams.groups").gauge().value() == 1);
                    assertThat(registry.getMeters().stream().map(meter -> meter.getId().getName())
                            .filter(name -> name.startsWith("solaster.")).collect(Collectors.toSet()))
                            .isEqualTo(listed);
                });
    }

    static class Scheduled {
        @ShardScheduled(fixedDelay = "1h")
        void nothing() {}
    }

    static class Listener {
        @TopicListener(topic = "orders", group = "billing")
        void nothing(String payload) {}
    }

    @Test
    void it_lists_the_keys_of_every_observation() {
        String tracing = section("Tracing");
        for (SolasterObservation observation : SolasterObservation.values()) {
            String row = tracing.lines().filter(line -> line.startsWith("| `" + observation.getName() + "` |"))
                    .findFirst()
                    .orElseThrow();
            Stream.of(observation.getLowCardinalityKeyNames(), observation.getHighCardinalityKeyNames())
                    .flatMap(Stream::of).forEach(key -> assertThat(row).contains("`" + key.asString() + "`"));
        }
    }

    private String section(String heading) {
        int begin = readme.indexOf("\n## " + heading + "\n");
        return readme.substring(begin, readme.indexOf("\n## ", begin + 1));
    }
}
