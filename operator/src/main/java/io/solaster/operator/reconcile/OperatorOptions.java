package io.solaster.operator.reconcile;

import java.time.Duration;
import java.util.Set;

import io.solaster.operator.reconcile.watch.NodeAccess;

/**
 * How the operator runs.
 *
 * @param namespaces the namespaces whose services it keeps; all if empty
 * @param namespaceSelector labels of the namespaces instead; empty for none
 * @param leaseNamespace where the lease is that says which of several operators works; empty to work without one
 * @param identity who this one is, for the lease
 * @param port where health and metrics are answered; 0 for any
 * @param reportInterval how often pods are asked what they are at
 * @param threads how many services are reconciled at once
 * @param nodes what it may do with nodes
 * @param profiles the ConfigMap that declares nodes, as namespace/name; empty unless {@code nodes} is Declared
 */
public record OperatorOptions(Set<String> namespaces, String namespaceSelector, String leaseNamespace, String identity,
        int port, Duration reportInterval, int threads, NodeAccess nodes, String profiles) {
    private static final int HIGHEST_PORT = 65_535;

    public OperatorOptions {
        namespaces = Set.copyOf(namespaces);
        if (!namespaces.isEmpty() && !namespaceSelector.isEmpty()) {
            throw new IllegalArgumentException("--namespaces " + String.join(",", namespaces)
                    + " stands beside --namespace-selector " + namespaceSelector + "; give one of them");
        }
        if (port < 0 || port > HIGHEST_PORT) {
            throw new IllegalArgumentException("--port " + port + " is no port; give one from 1 to " + HIGHEST_PORT
                    + ", or 0 for any that is free");
        }
        if (reportInterval.toMillis() < 1) {
            throw new IllegalArgumentException("--report-interval " + reportInterval.toSeconds()
                    + " would ask pods without end; give 1 or more seconds");
        }
        if (threads < 1) {
            throw new IllegalArgumentException("--threads " + threads + " would do nothing; give 1 or more");
        }
        if (nodes == NodeAccess.Declared && profiles.isEmpty()) {
            throw new IllegalArgumentException("--nodes Declared needs --profiles: the ConfigMap that says which nodes"
                    + " there are, as NAMESPACE/NAME");
        }
        if (nodes != NodeAccess.Declared && !profiles.isEmpty()) {
            throw new IllegalArgumentException("--profiles " + profiles + " stands beside --nodes " + nodes
                    + ", which reads TopologyProfiles of the cluster; leave it out, or give --nodes Declared");
        }
        if (nodes == NodeAccess.Declared && profiles.indexOf('/') <= 0) {
            throw new IllegalArgumentException("--profiles " + profiles
                    + " has no namespace; give NAMESPACE/NAME, or --lease-namespace, which is where it is then");
        }
        if (nodes == NodeAccess.Declared && namespaces.isEmpty()) {
            throw new IllegalArgumentException(
                    "--nodes Declared needs --namespaces: an operator that may not read nodes reads some namespaces only");
        }
    }

    /** One that reads and labels nodes. */
    public OperatorOptions(Set<String> namespaces, String namespaceSelector, String leaseNamespace, String identity,
            int port, Duration reportInterval, int threads) {
        this(namespaces, namespaceSelector, leaseNamespace, identity, port, reportInterval, threads, NodeAccess.Label,
                "");
    }
}
