package io.solaster.operator.reconcile;

import java.time.Duration;
import java.util.Set;

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
 */
public record OperatorOptions(Set<String> namespaces, String namespaceSelector, String leaseNamespace, String identity,
        int port, Duration reportInterval, int threads) {

    public OperatorOptions {
        namespaces = Set.copyOf(namespaces);
        if (!namespaces.isEmpty() && !namespaceSelector.isEmpty()) {
            throw new IllegalArgumentException("--namespaces " + String.join(",", namespaces)
                    + " stands beside --namespace-selector " + namespaceSelector + "; give one of them");
        }
    }
}
