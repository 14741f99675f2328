package io.solaster.operator.reconcile;

import static java.util.stream.Collectors.toSet;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.apply.Names;
import io.solaster.operator.client.Unreadable;
import io.solaster.operator.plan.Running;
import io.solaster.operator.reconcile.plans.Scaling;
import io.solaster.operator.reconcile.watch.Ownership;
import org.jspecify.annotations.Nullable;

/** The objects of services, as informers have them: those of kinds that every cluster has. Any thread. */
final class Children {
    static final List<Class<? extends HasMetadata>> KINDS = List.of(ConfigMap.class, Service.class, StatefulSet.class,
            Deployment.class, PodDisruptionBudget.class, NetworkPolicy.class);

    private final Map<Class<?>, InformerEventSource<?, ShardedService>> caches = new ConcurrentHashMap<>();

    /** Makes the informers, which the caller has started. */
    List<EventSource<?, ShardedService>> sources(EventSourceContext<ShardedService> context) {
        List<EventSource<?, ShardedService>> sources = new ArrayList<>();
        for (Class<? extends HasMetadata> type : KINDS) {
            InformerEventSource<?, ShardedService> source = source(type, context);
            caches.put(type, source);
            sources.add(source);
        }
        return sources;
    }

    private static <T extends HasMetadata> InformerEventSource<T, ShardedService> source(Class<T> type,
            EventSourceContext<ShardedService> context) {
        return new InformerEventSource<>(InformerEventSourceConfiguration.from(type, ShardedService.class)
                .withNamespacesInheritedFromController().withLabelSelector(ShardedService.LABEL).build(), context);
    }

    /** The next look sees what this one wrote, and the event of it is no reason for another. */
    @SuppressWarnings("unchecked")
    void wrote(@Nullable HasMetadata before, HasMetadata now) {
        InformerEventSource<HasMetadata, ShardedService> cache = (InformerEventSource<HasMetadata, ShardedService>) caches
                .get(now.getClass());
        if (cache != null && cache.isRunning()) {
            if (before == null) {
                cache.handleRecentResourceCreate(ResourceID.fromResource(now), now);
            } else {
                cache.handleRecentResourceUpdate(ResourceID.fromResource(now), now, before);
            }
        }
    }

    /** Those that could not be read whole. */
    Stream<HasMetadata> unreadable() {
        return all().filter(each -> !Unreadable.of(each).isEmpty());
    }

    /** The classes whose labels workloads select nodes by. */
    Set<String> classes() {
        return all().map(each -> each.getMetadata().getLabels()).filter(Objects::nonNull)
                .map(labels -> labels.getOrDefault(Names.CLASS, "")).collect(toSet());
    }

    private Stream<HasMetadata> all() {
        return caches.values().stream().flatMap(InformerEventSource::list).map(HasMetadata.class::cast);
    }

    /** What runs of services, by namespace/name. */
    Map<String, Running> running() {
        return Scaling.running(Stream.of(StatefulSet.class, Deployment.class).map(caches::get).filter(Objects::nonNull)
                .flatMap(InformerEventSource::list));
    }

    /** Whether a pod was made for a service, by a workload that is there: anybody may write its label. */
    boolean owns(ShardedService service, Pod pod) {
        return Ownership.of(service, pod, this::cached);
    }

    /** The service that a pod takes its room for, as namespace/name; null if none. */
    @Nullable
    String service(Pod pod) {
        return Ownership.service(pod, this::cached);
    }

    private @Nullable HasMetadata cached(Class<? extends HasMetadata> type, ResourceID id) {
        InformerEventSource<?, ShardedService> cache = caches.get(type);
        return cache == null ? null : cache.get(id).orElse(null);
    }
}
