package io.solaster.operator.api;

import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** A service of pinned shards: what is wanted, and how it stands. */
@Group("solaster.io")
@Version("v1alpha1")
@ShortNames("shs")
public final class ShardedService extends CustomResource<ShardedServiceSpec, ShardedServiceStatus>
        implements
            Namespaced {
    private static final long serialVersionUID = 1;

    /** The label on a pod that names the service which it belongs to. */
    public static final String LABEL = "solaster.io/service";
}
