package io.solaster.operator.plan;

import io.solaster.operator.api.ShardedService;

/** Tells by itself whether a service can be planned at all, so that one that cannot does not keep others from it. */
public final class ServiceCheck {
    private ServiceCheck() {}

    /**
     * Checks a service's spec and configuration.
     *
     * @throws io.solaster.operator.inventory.InvalidObjectException naming the key, the value and the fix
     */
    public static void check(ShardedService service) {
        Wanted.of(service);
    }
}
