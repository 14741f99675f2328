package io.solaster.operator.reconcile.nodes;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.solaster.operator.api.Labels;
import io.solaster.operator.apply.Names;
import io.solaster.operator.reconcile.watch.Cluster;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is written on nodes: the topology class that each belongs to, which pods select by, and for which services it is
 * set aside. Both are labels, so that pods that run are left alone, and so that they outlive the operator. Any thread.
 */
public final class NodeMarks {
    private static final Logger LOG = LoggerFactory.getLogger(NodeMarks.class);
    private static final Duration FIRST = Duration.ofMinutes(1);
    private static final Duration LONGEST = Duration.ofHours(1);
    private static final int NAMED = 5;
    /** For so long after its end it counts when the next time is set aside. */
    private static final Duration REMEMBERED = Duration.ofHours(2);

    /** So long a label outlives the last service that needs it: what comes back soon finds its nodes. */
    private static final Duration UNNEEDED = Duration.ofMinutes(10);

    private final Map<String, Instant> idle = new ConcurrentHashMap<>();
    /** Which version of each node was given which class: several looks at once find the same nodes without it. */
    private final Map<String, String> given = new ConcurrentHashMap<>();
    /** What was noted last on which version of a node, by node and mark: a cache may still have that version. */
    private final Map<String, Noted> noted = new ConcurrentHashMap<>();
    private final KubernetesClient client;
    private final InstantSource clock;
    private final boolean allowed;

    public NodeMarks(KubernetesClient client, InstantSource clock) {
        this(client, clock, true);
    }

    /**
     * Marks on the nodes of a cluster.
     *
     * @param allowed whether it may write on nodes at all
     */
    public NodeMarks(KubernetesClient client, InstantSource clock, boolean allowed) {
        this.client = client;
        this.clock = clock;
        this.allowed = allowed;
    }

    /** Whether it may write on nodes. */
    public boolean allowed() {
        return allowed;
    }

    /**
     * Since when and for how long a node is set aside; as an annotation of the same name as the label.
     *
     * @param times how often, with each time twice as long as the one before
     * @param until when it ends
     */
    private record Aside(int times, Instant until) {
        static @Nullable Aside of(@Nullable String text) {
            if (text == null) {
                return null;
            }
            try {
                int dot = text.indexOf(' ');
                return new Aside(Integer.parseInt(text.substring(0, dot)), Instant.parse(text.substring(dot + 1)));
            } catch (RuntimeException e) {
                return new Aside(1, Instant.EPOCH);
            }
        }

        /** Further ahead than it can be: the clock was set back since. */
        boolean tooFar(Instant now) {
            return until.isAfter(now.plus(LONGEST));
        }

        @Override
        public String toString() {
            return times + " " + until;
        }
    }

    private record Noted(String version, Aside aside) {}

    /** What is to be done by hand, where it may not: which nodes lack the labels of wanted classes, and how they get them. */
    public List<String> unlabelled(Map<String, String> classes, Set<String> wanted, Cluster cluster) {
        TreeMap<String, List<String>> without = new TreeMap<>();
        if (!allowed) {
            for (Node node : cluster.nodes()) {
                String name = node.getMetadata().getName();
                String topologyClass = classes.get(name);
                if (topologyClass != null && wanted.contains(topologyClass)
                        && !Names.label(topologyClass).equals(label(node, Names.CLASS))) {
                    without.computeIfAbsent(topologyClass, key -> new ArrayList<>()).add(name);
                }
            }
        }
        List<String> told = new ArrayList<>();
        without.forEach((topologyClass, nodes) -> {
            Collections.sort(nodes);
            List<String> some = nodes.subList(0, Math.min(NAMED, nodes.size()));
            told.add("Warning: " + nodes.size() + " of the nodes of class " + topologyClass
                    + " are not labelled, and this operator may not label them; run: kubectl label --overwrite node "
                    + String.join(" ", some) + (some.size() < nodes.size() ? " ..." : "") + " " + Names.CLASS + "="
                    + Names.label(topologyClass));
        });
        return told;
    }

    /**
     * Takes the labels of classes from nodes that have not been needed for a while.
     *
     * @param needed the labels' values that pods, workloads or plans go by, of whichever operator
     */
    public void unlabel(Iterable<Node> nodes, Set<String> needed) {
        if (!allowed) {
            return;
        }
        Instant now = clock.instant();
        Set<String> unneeded = new HashSet<>();
        Set<String> there = new HashSet<>();
        for (Node node : nodes) {
            there.add(node.getMetadata().getName());
            String value = label(node, Names.CLASS);
            if (value != null && !needed.contains(value)) {
                unneeded.add(value);
                Instant since = idle.computeIfAbsent(value, key -> now);
                // A clock that was set back begins anew.
                if (since.isAfter(now)) {
                    idle.put(value, now);
                } else if (!now.isBefore(since.plus(UNNEEDED))) {
                    LOG.info("Node {} loses the label {}={}, which no service needs any more.",
                            node.getMetadata().getName(), Names.CLASS, value);
                    patch(node.getMetadata().getName(), Collections.singletonMap(Names.CLASS, null), Map.of());
                }
            }
        }
        idle.keySet().retainAll(unneeded);
        given.keySet().retainAll(there);
    }

    /** Labels nodes with their classes where they are not. */
    public void classes(Map<String, String> classes, Set<String> wanted, Iterable<Node> nodes) {
        if (!allowed) {
            return;
        }
        Map<String, String> values = new HashMap<>();
        wanted.forEach(topologyClass -> values.put(topologyClass, Names.label(topologyClass)));
        for (Node node : nodes) {
            String name = node.getMetadata().getName();
            String value = values.get(classes.getOrDefault(name, ""));
            if (value != null && !value.equals(label(node, Names.CLASS))) {
                give(node, value);
            }
        }
    }

    private void give(Node node, String value) {
        String name = node.getMetadata().getName();
        String what = node.getMetadata().getUid() + " " + node.getMetadata().getResourceVersion() + " " + value;
        if (!what.equals(given.put(name, what))) {
            try {
                patch(name, Map.of(Names.CLASS, value), Map.of());
            } catch (RuntimeException e) {
                given.remove(name, what);
                throw e;
            }
        }
    }

    /**
     * Sets a node aside for a service, twice as long as the last time.
     *
     * @return until when
     */
    public Instant setAside(Node node, String namespace, String service) {
        String mark = Labels.aside(namespace, service);
        String what = node.getMetadata().getName() + " " + mark;
        String version = node.getMetadata().getUid() + " " + node.getMetadata().getResourceVersion();
        Noted last = noted.get(what);
        Aside before = last != null && last.version().equals(version)
                ? last.aside()
                : Aside.of(annotation(node, mark));
        Instant now = clock.instant();
        if (before != null && now.isBefore(before.until()) && !before.tooFar(now)) {
            return before.until();
        }
        int times = before == null || now.isAfter(before.until().plus(REMEMBERED)) ? 1 : before.times() + 1;
        Duration length = FIRST.multipliedBy(1L << Math.min(times - 1, 10));
        Aside aside = new Aside(times, now.plus(length.compareTo(LONGEST) > 0 ? LONGEST : length));
        patch(node.getMetadata().getName(), Map.of(mark, "true"), Map.of(mark, aside.toString()));
        noted.put(what, new Noted(version, aside));
        return aside.until();
    }

    /** The names of the nodes that are set aside for a service, in the order of the nodes. */
    public static Set<String> aside(Iterable<Node> nodes, String namespace, String service) {
        String mark = Labels.aside(namespace, service);
        Set<String> aside = new LinkedHashSet<>();
        for (Node node : nodes) {
            if (label(node, mark) != null) {
                aside.add(node.getMetadata().getName());
            }
        }
        return aside;
    }

    /** Gives nodes back whose time has come. Returns when the next one's comes; null if none is set aside. */
    @Nullable
    public Instant sweep(Iterable<Node> nodes) {
        Instant now = clock.instant();
        Instant next = null;
        if (!allowed) {
            return null;
        }
        noted.values().removeIf(each -> !now.isBefore(each.aside().until()) || each.aside().tooFar(now));
        for (Node node : nodes) {
            TreeMap<String, @Nullable String> labels = new TreeMap<>();
            TreeMap<String, @Nullable String> annotations = new TreeMap<>();
            for (String key : marks(node)) {
                Aside aside = Aside.of(annotation(node, key));
                boolean labelled = label(node, key) != null;
                if (aside == null || !now.isBefore(aside.until().plus(REMEMBERED))) {
                    annotations.put(key, null);
                }
                if (labelled && (aside == null || !now.isBefore(aside.until()) || aside.tooFar(now))) {
                    labels.put(key, null);
                } else if (labelled && aside != null && (next == null || aside.until().isBefore(next))) {
                    next = aside.until();
                }
            }
            if (!labels.isEmpty() || !annotations.isEmpty()) {
                LOG.info("Node {} is given back: {}", node.getMetadata().getName(), labels.keySet());
                patch(node.getMetadata().getName(), labels, annotations);
            }
        }
        return next;
    }

    private static Set<String> marks(Node node) {
        Set<String> marks = new HashSet<>();
        for (Map<String, String> all : List.of(orEmpty(node.getMetadata().getLabels()),
                orEmpty(node.getMetadata().getAnnotations()))) {
            all.keySet().stream().filter(Labels::isAside).forEach(marks::add);
        }
        return marks;
    }

    private static Map<String, String> orEmpty(@Nullable Map<String, String> map) {
        return map == null ? Map.of() : map;
    }

    private static @Nullable String label(Node node, String key) {
        return orEmpty(node.getMetadata().getLabels()).get(key);
    }

    private static @Nullable String annotation(Node node, String key) {
        return orEmpty(node.getMetadata().getAnnotations()).get(key);
    }

    /** A key at a time: what others write meanwhile stays. */
    private void patch(String node, Map<String, ? extends @Nullable String> labels,
            Map<String, ? extends @Nullable String> annotations) {
        ObjectNode patch = JsonNodeFactory.instance.objectNode();
        ObjectNode metadata = patch.putObject("metadata");
        Map<String, Map<String, ? extends @Nullable String>> parts = new HashMap<>();
        parts.put("labels", labels);
        parts.put("annotations", annotations);
        parts.forEach((part, all) -> {
            if (!all.isEmpty()) {
                ObjectNode values = metadata.putObject(part);
                all.forEach((key, value) -> {
                    if (value == null) {
                        values.putNull(key);
                    } else {
                        values.put(key, value);
                    }
                });
            }
        });
        // By its name alone, the client would read the node first.
        client.resource(new NodeBuilder().withNewMetadata().withName(node).endMetadata().build()).patch(
                new PatchContext.Builder().withPatchType(PatchType.JSON_MERGE).withFieldManager(Names.MANAGER).build(),
                patch.toString());
    }
}
