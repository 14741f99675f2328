package io.solaster.operator.reconcile;

import java.util.ArrayList;
import java.util.List;

import io.solaster.operator.reconcile.watch.Cluster;
import io.solaster.operator.reconcile.watch.NodeAccess;

/**
 * What the operator must be allowed to do, by explicit verbs: what the chart's roles are made of. A test holds what is
 * really asked of an API server against it.
 */
public final class Permissions {
    private static final List<String> LOOK = List.of("list", "watch");
    private static final List<String> KEEP = List.of("create", "delete", "get", "list", "patch", "watch");

    private Permissions() {}

    /**
     * One rule.
     *
     * @param group the API group; empty for the core one
     * @param resource the resource in the plural, with a subresource after a slash
     * @param verbs what is done with it, in the order of the alphabet
     * @param scope where it is needed
     */
    public record Rule(String group, String resource, List<String> verbs, Scope scope) {}

    /** Where a rule is needed. */
    public enum Scope {
        /** In the whole cluster, also where only some namespaces are kept: plans need all nodes and pods. */
        Cluster,
        /** In the namespaces that are kept. */
        Namespaces,
        /** In the namespace of the lease. */
        Lease,
        /** In the namespace of the ConfigMap that declares nodes, and for it alone. */
        Profiles
    }

    /** All rules of an operator that keeps all namespaces. */
    public static List<Rule> rules() {
        return rules(NodeAccess.Label);
    }

    /** All rules, by what it may do with nodes. */
    public static List<Rule> rules(NodeAccess nodes) {
        List<Rule> rules = new ArrayList<>(List.of(new Rule("solaster.io", "shardedservices", LOOK, Scope.Namespaces),
                new Rule("solaster.io", "shardedservices/status", List.of("patch"), Scope.Namespaces),
                new Rule("", "configmaps", KEEP, Scope.Namespaces), new Rule("", "services", KEEP, Scope.Namespaces),
                new Rule("apps", "statefulsets", KEEP, Scope.Namespaces),
                new Rule("apps", "deployments", KEEP, Scope.Namespaces),
                new Rule("policy", "poddisruptionbudgets", KEEP, Scope.Namespaces),
                new Rule("networking.k8s.io", "networkpolicies", KEEP, Scope.Namespaces),
                new Rule("monitoring.coreos.com", "servicemonitors", KEEP, Scope.Namespaces),
                new Rule("resource.k8s.io", "resourceclaimtemplates", KEEP, Scope.Namespaces),
                // Volumes that are to grow.
                new Rule("", "persistentvolumeclaims", List.of("list", "patch"), Scope.Namespaces),
                new Rule("", "events", List.of("create", "get", "patch"), Scope.Namespaces),
                new Rule("", "pods", List.of("delete"), Scope.Namespaces),
                new Rule("coordination.k8s.io", "leases", List.of("create", "get", "patch"), Scope.Lease)));
        if (nodes == NodeAccess.Declared) {
            rules.add(new Rule("", "pods", LOOK, Scope.Namespaces));
            rules.add(new Rule("", "configmaps", LOOK, Scope.Profiles));
            return rules;
        }
        rules.add(new Rule("", "nodes", nodes == NodeAccess.Read ? LOOK : List.of("list", "patch", "watch"),
                Scope.Cluster));
        rules.addAll(List.of(new Rule("", "pods", LOOK, Scope.Cluster),
                new Rule("", "namespaces", LOOK, Scope.Cluster),
                new Rule("solaster.io", "topologyprofiles", LOOK, Scope.Cluster),
                new Rule("solaster.io", "topologyprofiles/status", List.of("patch"), Scope.Cluster),
                new Rule("topology.node.k8s.io", "noderesourcetopologies", LOOK, Scope.Cluster),
                new Rule("resource.k8s.io", "resourceslices", LOOK, Scope.Cluster),
                new Rule("resource.k8s.io", "resourceclaims", LOOK, Scope.Cluster)));
        return rules;
    }
}
