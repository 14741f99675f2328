package io.solaster.config.check;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.solaster.config.EngineConfig;
import io.solaster.config.GroupConfig;
import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigTree.Node;

/**
 * What is different between two configurations. Any thread.
 *
 * @param changes in the order of the records
 */
public record ConfigDiff(List<Change> changes) {

    public ConfigDiff {
        changes = List.copyOf(changes);
    }

    /**
     * One key whose value is different.
     *
     * @param key such as {@code solaster.engine.groups.reports.shares}
     * @param before as it would be written; empty where it was not there, and hidden if it is a secret
     * @param after the same
     * @param reloadable whether it may change while the application runs; see {@link io.solaster.config.value.Reloadable}
     */
    public record Change(String key, String before, String after, boolean reloadable) {

        @Override
        public String toString() {
            return key + ": " + (before.isEmpty() ? "unset" : before) + " -> " + (after.isEmpty() ? "unset" : after);
        }
    }

    /** What is different. */
    public static ConfigDiff between(SolasterConfig before, SolasterConfig after) {
        List<Change> changes = new ArrayList<>();
        compare("solaster", ConfigTree.ROOT, before.withEngine(complete(before.engine())),
                after.withEngine(complete(after.engine())), changes);
        return new ConfigDiff(changes);
    }

    /** What is different between the engines alone. */
    public static ConfigDiff between(EngineConfig before, EngineConfig after) {
        return between(SolasterConfig.defaults().withEngine(before), SolasterConfig.defaults().withEngine(after));
    }

    /** Whether nothing is different. */
    public boolean isEmpty() {
        return changes.isEmpty();
    }

    /** The changes that cannot take effect while the application runs. */
    public List<Change> needingRestart() {
        return changes.stream().filter(change -> !change.reloadable()).toList();
    }

    /** This and more changes. */
    public ConfigDiff plus(List<Change> more) {
        List<Change> all = new ArrayList<>(changes);
        all.addAll(more);
        return new ConfigDiff(all);
    }

    /** The groups that are always there have defaults where they are not written. */
    private static EngineConfig complete(EngineConfig engine) {
        Map<String, GroupConfig> groups = new LinkedHashMap<>(engine.groups());
        ConfigValidator.BUILT_IN_GROUPS.forEach(name -> groups.putIfAbsent(name, GroupConfig.defaults()));
        return engine.withGroups(groups);
    }

    private static void compare(String key, Node node, Object before, Object after, List<Change> changes) {
        if (before.equals(after)) {
            return;
        }
        if (node.isLeaf() || node.isList()) {
            // A list as a whole: by their places, all after one that has gone would be told as others.
            changes.add(new Change(key, show(key, before), show(key, after), node.reloadable()));
        } else if (node.isMap()) {
            compareEntries(key, node, before, after, changes);
        } else {
            for (Node child : node.children()) {
                compare(key + "." + child.name(), child, in(child, before), in(child, after), changes);
            }
        }
    }

    private static void compareEntries(String key, Node node, Object before, Object after, List<Change> changes) {
        Map<?, ?> old = before instanceof Map<?, ?> map ? map : Map.of();
        Map<?, ?> now = after instanceof Map<?, ?> map ? map : Map.of();
        Set<Object> names = new LinkedHashSet<>(old.keySet());
        names.addAll(now.keySet());
        Node entry = node.children().getFirst();
        for (Object name : names) {
            String below = ConfigTree.entryKey(key, String.valueOf(name));
            Object was = old.get(name);
            Object is = now.get(name);
            if (is == null) {
                // What uses it has it still.
                List<Change> gone = new ArrayList<>();
                compare(below, entry, was == null ? "" : was, "", gone);
                gone.forEach(each -> changes.add(new Change(each.key(), each.before(), "", false)));
            } else {
                compare(below, entry, was == null ? "" : was, is, changes);
            }
        }
    }

    /** Empty where nothing is. */
    private static Object in(Node child, Object above) {
        Object value = child.in(above);
        return value == null ? "" : value;
    }

    private static String show(String key, Object value) {
        String text = ConfigTree.written(value);
        boolean secret = key.endsWith("password") || key.startsWith("solaster.store.users");
        return secret && !text.isEmpty() ? "******" : text;
    }
}
