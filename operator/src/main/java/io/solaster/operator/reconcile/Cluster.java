package io.solaster.operator.reconcile;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiPredicate;
import java.util.function.Consumer;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.inventory.ClusterObjects;
import org.jspecify.annotations.Nullable;

/**
 * What plans are made from, as the informers have it: nodes, pods, profiles, and what tells of NUMA nodes where the
 * cluster has it. Any thread may look; it counts the changes that could make another plan, and passes over the others,
 * such as heartbeats.
 */
final class Cluster implements AutoCloseable {
    static final ResourceDefinitionContext TOPOLOGIES = new ResourceDefinitionContext.Builder()
            .withGroup("topology.node.k8s.io").withVersion("v1alpha2").withKind("NodeResourceTopology")
            .withPlural("noderesourcetopologies").withNamespaced(false).build();
    private static final String BY_SERVICE = "service";

    private final KubernetesClient client;
    private final Runnable changed;
    private final Consumer<Pod> podChanged;
    private final AtomicLong version = new AtomicLong();
    private final List<SharedIndexInformer<?>> informers = new ArrayList<>();
    private @Nullable SharedIndexInformer<Node> nodes;
    private @Nullable SharedIndexInformer<Pod> pods;
    private @Nullable SharedIndexInformer<TopologyProfile> profiles;
    private @Nullable SharedIndexInformer<GenericKubernetesResource> topologies;
    private @Nullable SharedIndexInformer<ResourceSlice> slices;
    private @Nullable SharedIndexInformer<ResourceClaim> claims;

    /**
     * @param changed hears when another plan may follow
     * @param podChanged hears of each change of a pod of a service
     */
    Cluster(KubernetesClient client, Runnable changed, Consumer<Pod> podChanged) {
        this.client = client;
        this.changed = changed;
        this.podChanged = podChanged;
    }

    /** Lists and watches, and returns when all is known. */
    void start() {
        nodes = watch(client.nodes().runnableInformer(0), Cluster::sameNode);
        SharedIndexInformer<Pod> watched = client.pods().inAnyNamespace().runnableInformer(0);
        watched.addIndexers(Map.of(BY_SERVICE, pod -> {
            String service = service(pod);
            return service == null ? List.of() : List.of(service);
        }));
        pods = watch(watched, Cluster::samePod);
        profiles = watch(client.resources(TopologyProfile.class).runnableInformer(0),
                (before, now) -> Objects.equals(before.getSpec(), now.getSpec()));
        if (client.supports("topology.node.k8s.io/v1alpha2", "NodeResourceTopology")) {
            topologies = watch(client.genericKubernetesResources(TOPOLOGIES).runnableInformer(0),
                    (before, now) -> Objects.equals(before.getAdditionalProperties(), now.getAdditionalProperties()));
        }
        if (client.supports("resource.k8s.io/v1", "ResourceSlice")) {
            slices = watch(client.resources(ResourceSlice.class).runnableInformer(0),
                    (before, now) -> Objects.equals(before.getSpec(), now.getSpec()));
            claims = watch(client.resources(ResourceClaim.class).inAnyNamespace().runnableInformer(0),
                    (before, now) -> Objects.equals(before.getStatus(), now.getStatus()));
        }
        informers.forEach(informer -> informer.start().toCompletableFuture().join());
        version.incrementAndGet();
    }

    private <T extends HasMetadata> SharedIndexInformer<T> watch(SharedIndexInformer<T> informer,
            BiPredicate<T, T> same) {
        informer.exceptionHandler((started, error) -> true);
        informer.addEventHandler(new ResourceEventHandler<T>() {
            @Override
            public void onAdd(T object) {
                bump();
                pod(object);
            }

            @Override
            public void onUpdate(T before, T now) {
                if (!same.test(before, now)) {
                    bump();
                }
                if (!Objects.equals(before.getMetadata().getResourceVersion(),
                        now.getMetadata().getResourceVersion())) {
                    pod(now);
                }
            }

            @Override
            public void onDelete(T object, boolean unknown) {
                bump();
                pod(object);
            }

            private void bump() {
                version.incrementAndGet();
                changed.run();
            }

            private void pod(T object) {
                if (object instanceof Pod pod && service(pod) != null) {
                    podChanged.accept(pod);
                }
            }
        });
        informers.add(informer);
        return informer;
    }

    /** Goes up with each change that could make another plan. */
    long version() {
        return version.get();
    }

    /** Whether all informers watch. */
    boolean healthy() {
        return !informers.isEmpty() && informers.stream().allMatch(informer -> informer.hasSynced());
    }

    ClusterObjects objects() {
        return new ClusterObjects(list(nodes), list(pods), list(topologies), list(slices),
                claims == null ? null : list(claims), list(profiles));
    }

    List<Node> nodes() {
        return list(nodes);
    }

    @Nullable
    Node node(String name) {
        return nodes == null ? null : nodes.getIndexer().getByKey(name);
    }

    /** The pods of a service, by namespace/name. */
    List<Pod> pods(String service) {
        return pods == null ? List.of() : requireNonNull(pods).getIndexer().byIndex(BY_SERVICE, service);
    }

    /** The pods of all services. */
    List<Pod> servicePods() {
        return list(pods).stream().filter(pod -> service(pod) != null).toList();
    }

    private static <T> List<T> list(@Nullable SharedIndexInformer<T> informer) {
        return informer == null ? List.of() : informer.getIndexer().list();
    }

    /** The service that a pod belongs to, as namespace/name; null if none. */
    static @Nullable String service(Pod pod) {
        Map<String, String> labels = pod.getMetadata().getLabels();
        String name = labels == null ? null : labels.get(ShardedService.LABEL);
        return name == null ? null : pod.getMetadata().getNamespace() + "/" + name;
    }

    private static boolean sameNode(Node before, Node now) {
        return Objects.equals(before.getMetadata().getLabels(), now.getMetadata().getLabels())
                && Objects.equals(before.getSpec(), now.getSpec())
                && Objects.equals(before.getStatus().getCapacity(), now.getStatus().getCapacity())
                && Objects.equals(before.getStatus().getAllocatable(), now.getStatus().getAllocatable())
                && ready(before).equals(ready(now));
    }

    private static String ready(Node node) {
        return node.getStatus().getConditions() == null
                ? ""
                : node.getStatus().getConditions().stream().filter(condition -> "Ready".equals(condition.getType()))
                        .map(NodeCondition::getStatus).findFirst().orElse("");
    }

    private static boolean samePod(Pod before, Pod now) {
        return Objects.equals(before.getSpec().getNodeName(), now.getSpec().getNodeName())
                && takesNoRoom(before) == takesNoRoom(now)
                && Objects.equals(before.getMetadata().getLabels(), now.getMetadata().getLabels())
                && (before.getMetadata().getDeletionTimestamp() == null) == (now.getMetadata()
                        .getDeletionTimestamp() == null);
    }

    private static boolean over(@Nullable String phase) {
        return "Succeeded".equals(phase) || "Failed".equals(phase);
    }

    /** Whether it has ended. */
    private static boolean takesNoRoom(Pod pod) {
        return pod.getStatus() != null && over(pod.getStatus().getPhase());
    }

    @Override
    public void close() {
        informers.forEach(SharedIndexInformer::close);
    }
}
