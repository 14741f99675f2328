package io.solaster.operator.api;

import java.util.Map;
import java.util.TreeMap;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/** A service's {@code config} as the keys that Spring binds. */
public final class ConfigKeys {
    private ConfigKeys() {}

    /** Keys such as {@code solaster.engine.shards} or {@code solaster.servers[0].port} with their values, by key. */
    public static Map<String, String> of(@Nullable JsonNode config) {
        TreeMap<String, String> keys = new TreeMap<>();
        if (config != null) {
            flatten("", config, keys);
        }
        return keys;
    }

    private static void flatten(String key, JsonNode node, Map<String, String> keys) {
        if (node.isObject()) {
            node.properties().forEach(field -> flatten(key.isEmpty() ? field.getKey() : key + "." + field.getKey(),
                    field.getValue(), keys));
        } else if (node.isArray()) {
            for (int i = 0; i < node.size(); i++) {
                flatten(key + "[" + i + "]", node.get(i), keys);
            }
        } else {
            keys.put(key, node.asText());
        }
    }
}
