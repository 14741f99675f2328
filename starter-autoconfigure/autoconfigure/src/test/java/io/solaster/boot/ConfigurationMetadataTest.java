package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import com.jayway.jsonpath.JsonPath;
import org.junit.jupiter.api.Test;

/** What editors show to those who write application.yml. */
final class ConfigurationMetadataTest {

    @Test
    void every_key_is_described() throws IOException {
        Map<String, String> descriptions = new HashMap<>();
        List<URL> files = Collections.list(
                getClass().getClassLoader().getResources("META-INF/spring-configuration-metadata.json"));
        for (URL file : files) {
            try (InputStream in = file.openStream()) {
                List<Map<String, Object>> properties = JsonPath.parse(in).read("$.properties");
                for (Map<String, Object> property : properties) {
                    String name = String.valueOf(property.get("name"));
                    if (name.startsWith("solaster.")) {
                        descriptions.put(name, String.valueOf(property.getOrDefault("description", "")));
                    }
                }
            }
        }
        assertThat(descriptions).containsKeys("solaster.enabled", "solaster.servers", "solaster.engine.shards",
                "solaster.engine.pinning", "solaster.engine.transport", "solaster.engine.idle.spin-for",
                "solaster.engine.mesh.lane-capacity", "solaster.engine.offload.threads",
                "solaster.engine.shutdown-timeout", "solaster.engine.stalls.threshold");
        assertThat(descriptions).allSatisfy((key, description) -> assertThat(description).as(key).isNotBlank());
    }

    @Test
    void conditions_are_known_before_classes_are_loaded() {
        assertThat(getClass().getClassLoader()
                .getResource("META-INF/spring-autoconfigure-metadata.properties")).isNotNull();
    }
}
