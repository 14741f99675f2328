package io.solaster.operator.apply;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigBinder;
import io.solaster.config.check.ConfigReport;
import io.solaster.config.check.ConfigTree;
import io.solaster.operator.api.ConfigKeys;
import io.solaster.operator.inventory.InvalidObjectException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/**
 * A service's {@code solaster.*} configuration, bound and checked by the code that the service binds it with. Immutable.
 *
 * @param config what it says
 * @param yaml as the service reads it
 * @param fixed the keys that cannot change while the service runs, with their values
 */
record ServiceConfig(SolasterConfig config, String yaml, Map<String, String> fixed) {

    private static final int REMEMBERED = 2_048;
    /** To bind a configuration costs more than all else of a reconciliation, and it hardly ever changes. */
    private static final Map<JsonNode, ServiceConfig> READ = Collections
            .synchronizedMap(new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<JsonNode, ServiceConfig> eldest) {
                    return size() > REMEMBERED;
                }
            });

    /**
     * @throws InvalidObjectException naming every key that is wrong
     */
    static ServiceConfig of(String service, @Nullable JsonNode written) {
        JsonNode node = written == null ? JsonNodeFactory.instance.objectNode() : written;
        ServiceConfig known = READ.get(node);
        if (known == null) {
            known = read(service, node);
            READ.put(node.deepCopy(), known);
        }
        return known;
    }

    private static ServiceConfig read(String service, JsonNode node) {
        Map<String, String> properties = ConfigKeys.of(node);
        ConfigReport report = ConfigBinder.read(new Binder(new MapConfigurationPropertySource(properties)));
        if (!report.isValid()) {
            throw new InvalidObjectException("ShardedService " + service, "spec.config: "
                    + String.join("; ", report.errors().stream().map(String::valueOf).toList()));
        }
        TreeMap<String, String> fixed = new TreeMap<>(properties);
        fixed.keySet().removeIf(ServiceConfig::reloadable);
        return new ServiceConfig(report.config(), Serialization.asYaml(node), fixed);
    }

    /** Changes when pods must be replaced: with any key where none may change as they run. */
    String hash(boolean hotReload) {
        CRC32 checksum = new CRC32();
        checksum.update((hotReload ? fixed.toString() : yaml).getBytes(StandardCharsets.UTF_8));
        return Long.toHexString(checksum.getValue());
    }

    /** Its ConfigMap: pods that must be replaced for another configuration keep the one that they were made with. */
    String mapName(String service, boolean hotReload) {
        return service + "-config-" + hash(hotReload);
    }

    private static boolean reloadable(String key) {
        try {
            return ConfigTree.isReloadable(key.replaceAll("\\[\\d+]$", ""));
        } catch (IllegalArgumentException e) {
            // Spelled in another way that Spring understands: to replace pods is always right.
            return false;
        }
    }
}
