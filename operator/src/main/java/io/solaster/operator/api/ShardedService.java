package io.solaster.operator.api;

import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** A service of pinned shards: what is wanted, and how it stands. */
@Group("solaster.io")
@Version("v1alpha1")
@ShortNames("shs")
@AdditionalPrinterColumn(name = "Ready", jsonPath = ".status.conditions[?(@.type==\"Ready\")].status")
@AdditionalPrinterColumn(name = "Verdict", jsonPath = ".status.plan.verdict")
@AdditionalPrinterColumn(name = "Replicas", jsonPath = ".status.replicas", type = AdditionalPrinterColumn.Type.INTEGER)
@AdditionalPrinterColumn(name = "Aligned", jsonPath = ".status.conditions[?(@.type==\"TopologyAligned\")].status")
@AdditionalPrinterColumn(name = "Stranded", jsonPath = ".status.plan.strandedCPUs", type = AdditionalPrinterColumn.Type.INTEGER, priority = 1)
@AdditionalPrinterColumn(name = "Age", jsonPath = ".metadata.creationTimestamp", type = AdditionalPrinterColumn.Type.DATE)
public final class ShardedService extends CustomResource<ShardedServiceSpec, ShardedServiceStatus>
        implements
            Namespaced {
    private static final long serialVersionUID = 1;

    /** The label on a pod that names the service which it belongs to. */
    public static final String LABEL = "solaster.io/service";

    /** The annotation that keeps the operator's hands off a service while it is "true". */
    public static final String PAUSED = "solaster.io/paused";

    /** The annotation that has a change tried again which was taken back: another value is another try. */
    public static final String RETRY = "solaster.io/retry";
}
