package io.solaster.operator.reconcile;

import java.util.Objects;

import io.solaster.operator.api.ShardedService;

/** Which changes of a service are looked at: those of its spec, its annotations and its end, but not of its status. */
final class ShardedServiceChanges {
    private ShardedServiceChanges() {}

    static boolean matter(ShardedService now, ShardedService before) {
        return !Objects.equals(now.getMetadata().getGeneration(), before.getMetadata().getGeneration())
                || !Objects.equals(now.getMetadata().getAnnotations(), before.getMetadata().getAnnotations())
                || !Objects.equals(now.getMetadata().getDeletionTimestamp(),
                        before.getMetadata().getDeletionTimestamp());
    }
}
