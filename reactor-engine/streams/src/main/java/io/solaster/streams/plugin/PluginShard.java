package io.solaster.streams.plugin;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.solaster.config.plugin.PluginConfig;
import io.solaster.config.plugin.PluginConfig.At;
import org.jspecify.annotations.Nullable;

/** The plug-ins of one shard, and the topics whose messages they look at. On its shard. */
public final class PluginShard {
    private final Map<String, PluginSlot> slots;
    private final Map<String, List<PluginPoint>> points = new HashMap<>();

    /** @param slots in the order in which they look */
    PluginShard(Map<String, PluginSlot> slots) {
        this.slots = slots;
    }

    /** From now on, and at once, tells a topic what looks at its messages, on each change. */
    public void attach(String topic, PluginPoint point) {
        points.computeIfAbsent(topic, name -> new ArrayList<>(1)).add(point);
        point.look(chain(topic, At.PUBLISH), chain(topic, At.DELIVERY));
    }

    /** Tells a topic nothing more. */
    public void detach(String topic, PluginPoint point) {
        List<PluginPoint> attached = points.get(topic);
        if (attached != null && attached.remove(point) && attached.isEmpty()) {
            points.remove(topic);
        }
    }

    PluginSlot slot(String name) {
        PluginSlot slot = slots.get(name);
        if (slot == null) {
            throw new IllegalArgumentException("there is no plug-in '" + name + "'");
        }
        return slot;
    }

    PluginSlot.@Nullable Running swap(String name, PluginSlot.@Nullable Running other) {
        PluginSlot slot = slot(name);
        boolean looked = slot.looks();
        PluginSlot.Running before = slot.swap(other);
        if (looked != slot.looks()) {
            points.forEach((topic, attached) -> {
                if (matches(slot.config, topic)) {
                    PluginChain publish = chain(topic, At.PUBLISH);
                    PluginChain delivery = chain(topic, At.DELIVERY);
                    attached.forEach(point -> point.look(publish, delivery));
                }
            });
        }
        return before;
    }

    private @Nullable PluginChain chain(String topic, At at) {
        PluginSlot[] looking = slots.values().stream()
                .filter(slot -> slot.config.at() == at && slot.looks() && matches(slot.config, topic))
                .toArray(PluginSlot[]::new);
        return looking.length == 0 ? null : new PluginChain(topic, looking);
    }

    static boolean matches(PluginConfig config, String topic) {
        for (String each : config.topics()) {
            if (each.endsWith("*") ? topic.startsWith(each.substring(0, each.length() - 1)) : topic.equals(each)) {
                return true;
            }
        }
        return false;
    }
}
