package io.solaster.config.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.solaster.config.GroupConfig;
import io.solaster.config.SolasterConfig;
import io.solaster.config.log.LogConfig;
import io.solaster.config.plan.Wording;
import io.solaster.config.plugin.PluginConfig;
import io.solaster.config.pool.EndpointConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.UdpConfig;
import io.solaster.config.topic.TopicConfig;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** What editors and the README say of each key comes from the records, and stays so. */
class MetadataTest {
    private static final String SERVERS = "solaster.servers.<name>.";
    private static final String UDP = "solaster.udp.<name>.";
    private static final String LOGS = "solaster.logs.<name>.";
    private static final String TOPICS = "solaster.topics.<name>.";
    private static final String PLUGINS = "solaster.plugins.processors.<name>.";
    private static final String POOLS = "solaster.pools.<name>.";
    private static final String GROUPS = "solaster.engine.groups.<name>.";

    @Test
    void everyKeyOfEngineIsDescribedAndHasADefault() throws Exception {
        assertThat(properties()).filteredOn(p -> p.key().startsWith("solaster.engine."))
                .allSatisfy(p -> assertThat(p.description()).as(p.key()).isNotBlank())
                .allSatisfy(p -> assertThat(p.defaultValue()).as(p.key()).isNotBlank()).extracting(Property::key)
                .contains("solaster.engine.shards", "solaster.engine.mesh.lane-capacity",
                        "solaster.engine.idle.spin-for", "solaster.engine.offload.threads");
    }

    @Test
    void everyKeyOfAServerIsDescribed() throws Exception {
        assertThat(properties()).filteredOn(p -> p.key().startsWith(SERVERS))
                .allSatisfy(p -> assertThat(p.description()).as(p.key()).isNotBlank()).extracting(Property::key)
                .contains(SERVERS + "protocol", SERVERS + "port", SERVERS + "limits.output-buffer");
        assertThat(properties()).filteredOn(p -> p.key().startsWith(UDP))
                .allSatisfy(p -> assertThat(p.description()).as(p.key()).isNotBlank()).extracting(Property::key)
                .contains(UDP + "protocol", UDP + "port", UDP + "limits.packets-per-second");
    }

    @Test
    void everyKeyOfAPoolIsDescribed() throws Exception {
        assertThat(properties()).filteredOn(p -> p.key().startsWith(POOLS))
                .allSatisfy(p -> assertThat(p.description()).as(p.key()).isNotBlank()).extracting(Property::key)
                .contains(POOLS + "protocol", POOLS + "endpoints", POOLS + "endpoints[0].weight",
                        POOLS + "health.outliers.max-ejection-percent");
    }

    @Test
    void everyKeyOfALogIsDescribed() throws Exception {
        assertThat(properties()).filteredOn(p -> p.key().startsWith(LOGS))
                .allSatisfy(p -> assertThat(p.description()).as(p.key()).isNotBlank()).extracting(Property::key)
                .contains(LOGS + "directory", LOGS + "fsync", LOGS + "retain.size", LOGS + "retain.age");
    }

    @Test
    void everyKeyOfATopicIsDescribed() throws Exception {
        assertThat(properties()).filteredOn(p -> p.key().startsWith(TOPICS))
                .allSatisfy(p -> assertThat(p.description()).as(p.key()).isNotBlank()).extracting(Property::key)
                .contains(TOPICS + "partitions", TOPICS + "order", TOPICS + "fsync", TOPICS + "retain.age");
    }

    @Test
    void everyKeyOfAPluginIsDescribed() throws Exception {
        assertThat(properties()).filteredOn(p -> p.key().startsWith(PLUGINS))
                .allSatisfy(p -> assertThat(p.description()).as(p.key()).isNotBlank()).extracting(Property::key)
                .contains(PLUGINS + "topics", PLUGINS + "on-failure", PLUGINS + "limits.time");
    }

    @Test
    void hintsNameKeysAndChoicesThatExist() throws Exception {
        List<Property> properties = properties();
        for (Map<String, Object> hint : list(metadata("META-INF/spring-configuration-metadata.json"), "hints")) {
            String key = String.valueOf(hint.get("name"));
            if (key.matches("solaster.(servers|udp|pools|engine.groups).values")) {
                continue;
            }
            Property property = properties.stream().filter(p -> p.key().equals(key)).findFirst().orElseThrow();
            List<String> values = list(hint, "values").stream().map(value -> String.valueOf(value.get("value")))
                    .toList();
            List<String> choices = choices(property.type());
            if (!choices.isEmpty()) {
                assertThat(values).as(key).isEqualTo(choices);
            }
        }
    }

    @Test
    void hintsOfAPoolNameItsKeysAndChoices() throws Exception {
        List<Property> properties = entries("", PoolConfig.class);
        List<Map<String, Object>> hints = list(
                metadata("META-INF/spring/configuration-metadata/" + PoolConfig.class.getName() + ".json"), "hints");
        assertThat(hints).extracting(hint -> hint.get("name")).contains("protocol", "balancing.algorithm",
                "health.check.type", "discovery.type");
        for (Map<String, Object> hint : hints) {
            Property property = properties.stream().filter(p -> p.key().equals(hint.get("name"))).findFirst()
                    .orElseThrow();
            assertThat(list(hint, "values")).as(property.key()).extracting(value -> value.get("value"))
                    .isEqualTo(choices(property.type()));
            assertThat(list(hint, "values")).extracting(value -> value.get("description")).doesNotContainNull();
        }
    }

    @Test
    void theReadmeListsEveryKey() throws Exception {
        Path file = Path.of("README.md");
        String readme = Files.readString(file);
        Generated.check(file, readme.replaceFirst("(?s)\\| key \\| type \\| default .*?\\|\n(?=\n|$)",
                Matcher.quoteReplacement(table())));
    }

    private static String table() throws Exception {
        return properties().stream()
                .map(p -> "| `" + p.key() + "` | " + type(p.type()) + " | "
                        + (p.defaultValue().isEmpty() ? "" : "`" + p.defaultValue() + "`") + " | " + p.description()
                        + " | " + (ConfigTree.isReloadable(p.key()) ? "live" : "restart") + " |\n")
                .collect(Collectors.joining("",
                        "| key | type | default | what it is | a change takes effect |\n|---|---|---|---|---|\n", ""));
    }

    private static String type(String type) {
        List<String> choices = choices(type);
        if (!choices.isEmpty()) {
            return choices.stream().map(choice -> "`" + choice + "`").collect(Collectors.joining(", "));
        }
        return switch (type) {
            case "java.lang.Boolean" -> "`true`, `false`";
            case "java.lang.Integer", "java.lang.Double" -> "number";
            case "java.lang.String" -> "text";
            case "java.time.Duration" -> "duration";
            case "java.util.List<java.lang.String>" -> "list of texts";
            case "java.util.List<io.solaster.config.pool.EndpointConfig>" -> "list of `host:port`";
            case "java.util.Map<java.lang.String,java.lang.String>" -> "texts by names";
            case "io.solaster.config.value.ByteSize" -> "size";
            case "io.solaster.config.value.Fsync" -> "`always`, `never`, duration";
            case "io.solaster.config.value.ShardCount" -> "`auto`, number";
            case "io.solaster.config.value.Housekeeping" -> "`auto`, `none`, CPU list";
            default -> throw new IllegalArgumentException("say how the README calls " + type);
        };
    }

    private static List<String> choices(String type) {
        if (type.indexOf('<') >= 0) {
            return List.of();
        }
        try {
            Object[] constants = Class.forName(type).getEnumConstants();
            return constants == null
                    ? List.of()
                    : Arrays.stream(constants).map(choice -> Wording.choice((Enum<?>) choice)).toList();
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("the metadata names a type that is not there: " + type, e);
        }
    }

    private record Property(String key, String type, String defaultValue, String description) {}

    private static List<Property> properties() throws Exception {
        List<Property> properties = new ArrayList<>();
        list(metadata("META-INF/spring-configuration-metadata.json"), "properties").stream()
                .filter(p -> !Set
                        .of("solaster.servers", "solaster.udp", "solaster.pools", "solaster.logs",
                                "solaster.topics", "solaster.plugins.processors", "solaster.engine.groups")
                        .contains(String.valueOf(p.get("name"))))
                .forEach(p -> properties.add(property("", p)));
        properties.addAll(entries(GROUPS, GroupConfig.class));
        properties.addAll(entries(SERVERS, ServerConfig.class));
        properties.addAll(entries(UDP, UdpConfig.class));
        properties.addAll(entries(POOLS, PoolConfig.class));
        properties.addAll(entries(POOLS + "endpoints[0].", EndpointConfig.class));
        properties.addAll(entries(LOGS, LogConfig.class));
        properties.addAll(entries(TOPICS, TopicConfig.class));
        properties.addAll(entries(PLUGINS, PluginConfig.class));
        return properties;
    }

    private static List<Property> entries(String prefix, Class<?> type) throws Exception {
        return list(metadata("META-INF/spring/configuration-metadata/" + type.getName() + ".json"), "properties")
                .stream().map(p -> property(prefix, p)).toList();
    }

    private static Property property(String prefix, Map<String, Object> json) {
        return new Property(prefix + json.get("name"), String.valueOf(json.get("type")),
                String.valueOf(json.getOrDefault("defaultValue", "")),
                String.valueOf(json.getOrDefault("description", "")));
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> list(Map<String, Object> json, String name) {
        return (List<Map<String, Object>>) json.getOrDefault(name, List.of());
    }

    private static Map<String, Object> metadata(String file) throws IOException, URISyntaxException {
        Path classes = Path.of(SolasterConfig.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        // JSON is YAML, but for a slash that is escaped, and a YAML parser is here anyhow.
        return new Yaml().load(Files.readString(classes.resolve(file)).replace("\\/", "/"));
    }
}
