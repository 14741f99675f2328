package io.solaster.operator.reconcile.watch;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaimTemplate;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.client.Unreadable;
import io.solaster.operator.inventory.ClusterObjects;
import io.solaster.operator.inventory.InvalidObjectException;
import io.solaster.operator.inventory.Inventory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What plans are made from, as the informers have it: nodes, pods, profiles, and what tells of NUMA nodes where the
 * cluster has it; and those objects of services whose kinds not every cluster has. Kinds that come and go later are
 * followed by {@link #lookForKinds}. Any thread may look; it counts the changes that could make another plan, and passes
 * over the others, such as heartbeats.
 */
public final class Cluster implements AutoCloseable {
    public static final ResourceDefinitionContext TOPOLOGIES = new ResourceDefinitionContext.Builder()
            .withGroup("topology.node.k8s.io").withVersion("v1alpha2").withKind("NodeResourceTopology")
            .withPlural("noderesourcetopologies").withNamespaced(false).build();
    public static final ResourceDefinitionContext MONITORS = new ResourceDefinitionContext.Builder()
            .withGroup("monitoring.coreos.com").withVersion("v1").withKind("ServiceMonitor")
            .withPlural("servicemonitors").withNamespaced(true).build();

    private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);
    private static final String BY_SERVICE = "service";

    /** Who hears of changes; on the informers' threads, which are not to be held up. */
    public interface Listener {
        /** Another plan may follow. */
        void planMayChange();

        /** A pod of a service has changed. */
        void podChanged(Pod pod);

        /** An object of a service has changed; namespace/name of the service. */
        void serviceChanged(String service);

        /** The cluster knows other kinds than before. */
        void kindsChanged();
    }

    /** A kind that not every cluster has. */
    private final class Kind<T extends HasMetadata> {
        final String apiVersion;
        final String kind;
        final Supplier<Watch<T>> made;
        @Nullable
        volatile Watch<T> watch;

        Kind(String apiVersion, String kind, Supplier<Watch<T>> made) {
            this.apiVersion = apiVersion;
            this.kind = kind;
            this.made = made;
        }

        /** Starts to watch it if it is there now and was not, and ends if it is there no more. */
        @Nullable
        CompletableFuture<Void> look() {
            boolean there = client.supports(apiVersion, kind);
            Watch<T> before = watch;
            if (there && before == null) {
                Watch<T> begun = made.get();
                watch = begun;
                return begun.start().thenRun(() -> {
                    // There may be none of it, of which no event would tell.
                    version.incrementAndGet();
                    listener.planMayChange();
                });
            }
            if (!there && before != null) {
                watch = null;
                before.close();
                return CompletableFuture.completedFuture(null);
            }
            return null;
        }

        /** What there is of it, if the cluster has it at all. */
        List<T> list() {
            Watch<T> now = watch;
            if (now == null) {
                return List.of();
            }
            if (!now.inStep()) {
                throw new InvalidObjectException(kind + " (" + apiVersion + ")", "the cluster has this kind, and what"
                        + " there is of it could not be read yet; permit 'list' and 'watch', or remove the kind");
            }
            return now.list();
        }
    }

    private final KubernetesClient client;
    private final NodeAccess access;
    private final Set<String> namespaces;
    private final String declaredBy;
    private final Duration patience;
    private final Listener listener;
    private final AtomicLong version = new AtomicLong();
    private final List<Watch<?>> always = new ArrayList<>();
    private final List<Kind<?>> sometimes = new ArrayList<>();
    private final List<Kind<? extends HasMetadata>> children;
    private final Kind<GenericKubernetesResource> topologies;
    private final Kind<ResourceSlice> slices;
    private final Kind<ResourceClaim> claims;
    private final Kind<GenericKubernetesResource> monitors;
    private volatile @Nullable Watch<Node> nodes;
    private volatile @Nullable Watch<Pod> pods;
    private volatile @Nullable Watch<TopologyProfile> profiles;
    private volatile @Nullable Watch<ConfigMap> declared;

    /**
     * A cluster that nothing is known of yet.
     *
     * @param access what it may do with nodes
     * @param namespaces where services are kept; everywhere if empty
     * @param declaredBy the ConfigMap that declares nodes, as namespace/name; empty unless nodes are only declared
     * @param patience how long a start waits for kinds that not every cluster has; nothing is planned until they are read
     */
    public Cluster(KubernetesClient client, NodeAccess access, Set<String> namespaces, String declaredBy,
            Duration patience, Listener listener) {
        this.client = client;
        this.access = access;
        this.namespaces = namespaces;
        this.declaredBy = declaredBy;
        this.patience = patience;
        this.listener = listener;
        topologies = new Kind<>("topology.node.k8s.io/v1alpha2", "NodeResourceTopology", () -> Watch
                .of(client.genericKubernetesResources(TOPOLOGIES), "NodeResourceTopologies").with(planned((before,
                        now) -> Objects.equals(before.getAdditionalProperties(), now.getAdditionalProperties()))));
        slices = new Kind<>("resource.k8s.io/v1", "ResourceSlice",
                () -> Watch.of(client.resources(ResourceSlice.class), "ResourceSlices")
                        .with(planned((before, now) -> Objects.equals(before.getSpec(), now.getSpec()))));
        claims = new Kind<>("resource.k8s.io/v1", "ResourceClaim",
                () -> Watch.of(client.resources(ResourceClaim.class).inAnyNamespace(), "ResourceClaims")
                        .with(planned((before, now) -> Objects.equals(before.getStatus(), now.getStatus()))));
        monitors = new Kind<>("monitoring.coreos.com/v1", "ServiceMonitor",
                () -> child(Watch.of(client.genericKubernetesResources(MONITORS), namespaces,
                        "ServiceMonitors")));
        Kind<ResourceClaimTemplate> templates = new Kind<>("resource.k8s.io/v1", "ResourceClaimTemplate",
                () -> child(Watch.of(client.resources(ResourceClaimTemplate.class), namespaces,
                        "ResourceClaimTemplates")));
        children = List.of(monitors, templates);
        if (access != NodeAccess.Declared) {
            sometimes.addAll(List.of(topologies, slices, claims));
        }
        sometimes.addAll(children);
    }

    /** Lists and watches, and returns when all is known. */
    public void start() {
        Watch<Pod> watched = access == NodeAccess.Declared
                ? Watch.of(client.pods(), namespaces, "pods")
                : Watch.of(client.pods().inAnyNamespace(), "pods");
        watched.indexed(BY_SERVICE, pod -> {
            String service = service(pod);
            return service == null ? List.of() : List.of(service);
        }).with(planned(Cluster::samePod));
        pods = watched;
        always.add(watched);
        if (access == NodeAccess.Declared) {
            int slash = declaredBy.indexOf('/');
            Watch<ConfigMap> told = Watch
                    .of(client.configMaps().inNamespace(declaredBy.substring(0, slash))
                            .withField("metadata.name", declaredBy.substring(slash + 1)), "declared nodes")
                    .with(planned((before, now) -> Objects.equals(before.getData(), now.getData())));
            declared = told;
            always.add(told);
        } else {
            Watch<Node> there = Watch.of(client.nodes(), "nodes").with(planned(Cluster::sameNode));
            nodes = there;
            always.add(there);
            Watch<TopologyProfile> said = Watch.of(client.resources(TopologyProfile.class), "TopologyProfiles")
                    .with(planned((before, now) -> Objects.equals(before.getSpec(), now.getSpec())));
            profiles = said;
            always.add(said);
        }
        List<CompletableFuture<Void>> known = always.stream().map(Watch::start).toList();
        List<CompletableFuture<Void>> others = new ArrayList<>();
        for (Kind<?> each : sometimes) {
            CompletableFuture<Void> begun = each.look();
            if (begun != null) {
                others.add(begun);
            }
        }
        known.forEach(CompletableFuture::join);
        CompletableFuture.allOf(others.toArray(CompletableFuture<?>[]::new))
                .completeOnTimeout(null, patience.toMillis(), TimeUnit.MILLISECONDS).join();
        version.incrementAndGet();
    }

    /** Follows kinds that have come or gone since it last looked. */
    public void lookForKinds() {
        boolean changed = false;
        for (Kind<?> each : sometimes) {
            try {
                CompletableFuture<Void> begun = each.look();
                if (begun != null) {
                    begun.completeOnTimeout(null, patience.toMillis(), TimeUnit.MILLISECONDS).join();
                    LOG.info("The cluster {} {}.", each.watch == null ? "has no more" : "has now", each.kind);
                    changed = true;
                }
            } catch (KubernetesClientException e) {
                // Nothing is known of it now; what was watched still is.
                LOG.debug("Whether there are {} could not be asked: {}", each.kind, e.getMessage());
            }
        }
        if (changed) {
            version.incrementAndGet();
            listener.kindsChanged();
        }
    }

    private <T extends HasMetadata> Watch<T> child(Watch<T> watch) {
        return watch.indexed(BY_SERVICE, object -> {
            String owner = owner(object);
            return owner == null ? List.of() : List.of(owner);
        }).with(new ResourceEventHandler<>() {
            @Override
            public void onAdd(T object) {
                tell(object);
            }

            @Override
            public void onUpdate(T before, T now) {
                if (!sameVersion(before, now)) {
                    tell(now);
                }
            }

            @Override
            public void onDelete(T object, boolean unknown) {
                tell(object);
            }

            private void tell(T object) {
                String owner = owner(object);
                if (owner != null) {
                    listener.serviceChanged(owner);
                }
            }
        });
    }

    private <T extends HasMetadata> ResourceEventHandler<T> planned(BiPredicate<T, T> same) {
        return new ResourceEventHandler<>() {
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
                if (!sameVersion(before, now)) {
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
                listener.planMayChange();
            }

            private void pod(T object) {
                if (object instanceof Pod pod && service(pod) != null) {
                    listener.podChanged(pod);
                }
            }
        };
    }

    private static boolean sameVersion(HasMetadata before, HasMetadata now) {
        return Objects.equals(before.getMetadata().getResourceVersion(), now.getMetadata().getResourceVersion());
    }

    /** Goes up with each change that could make another plan. */
    public long version() {
        return version.get();
    }

    /** Whether all informers know what there is. */
    public boolean healthy() {
        return !always.isEmpty() && always.stream().allMatch(Watch::inStep);
    }

    /**
     * What plans are made from.
     *
     * @param whose the service that a pod takes its room for, as namespace/name; null if none
     * @throws InvalidObjectException if nodes are declared, and wrongly; or if a kind is there that tells of NUMA nodes, and
     *         was not read yet: without it, plans would be made for other nodes than there are
     */
    public ClusterObjects objects(Function<Pod, @Nullable String> whose) {
        if (access == NodeAccess.Declared) {
            return DeclaredNodes.of(declaredBy, declared());
        }
        return new ClusterObjects(nodes(), list(pods), topologies.list(), slices.list(),
                claims.watch == null ? null : claims.list(), list(profiles), List.of(), whose);
    }

    /** The ConfigMap that declares nodes; null if there is none, or nodes are read. */
    @Nullable
    public ConfigMap declared() {
        Watch<ConfigMap> told = declared;
        return told == null ? null : told.list().stream().findFirst().orElse(null);
    }

    /** The profiles; none where nodes are only declared. */
    public List<TopologyProfile> profiles() {
        return list(profiles);
    }

    /** Those objects that could not be read whole. */
    public Stream<HasMetadata> unreadable() {
        return Stream.concat(always.stream(), sometimes.stream().map(each -> each.watch).filter(Objects::nonNull)
                .map(Objects::requireNonNull)).flatMap(watch -> watch.list().stream()).map(HasMetadata.class::cast)
                .filter(each -> !Unreadable.of(each).isEmpty());
    }

    /** The nodes; none where they are only declared. */
    public List<Node> nodes() {
        return list(nodes);
    }

    /** A node by its name; null if it is not there, or not to be read. */
    @Nullable
    public Node node(String name) {
        Watch<Node> there = nodes;
        return there == null ? null : there.get(name);
    }

    /** The pods that bear the label of a service, by namespace/name. */
    public List<Pod> pods(String service) {
        Watch<Pod> there = pods;
        return there == null ? List.of() : there.by(BY_SERVICE, service);
    }

    /** The pods that bear the label of any service. */
    public List<Pod> servicePods() {
        return list(pods).stream().filter(pod -> service(pod) != null).toList();
    }

    /** Whether the cluster knows ServiceMonitors. */
    public boolean monitors() {
        return monitors.watch != null;
    }

    /** Those objects of a service whose kinds not every cluster has. */
    public List<HasMetadata> children(String service) {
        List<HasMetadata> all = new ArrayList<>();
        for (Kind<? extends HasMetadata> each : children) {
            Watch<? extends HasMetadata> watch = each.watch;
            if (watch != null) {
                all.addAll(watch.by(BY_SERVICE, service));
            }
        }
        return all;
    }

    /** Whether objects of such a kind are watched. */
    public boolean watches(HasMetadata object) {
        for (Kind<? extends HasMetadata> each : children) {
            Watch<? extends HasMetadata> watch = each.watch;
            if (each.kind.equals(object.getKind())) {
                return watch != null && watch.inStep();
            }
        }
        return false;
    }

    private static <T extends HasMetadata> List<T> list(@Nullable Watch<T> watch) {
        return watch == null ? List.of() : watch.list();
    }

    /** The service whose label a pod bears, as namespace/name; null if none. Anybody may write it: see {@link Ownership}. */
    public static @Nullable String service(Pod pod) {
        Map<String, String> labels = pod.getMetadata().getLabels();
        String name = labels == null ? null : labels.get(ShardedService.LABEL);
        return name == null ? null : pod.getMetadata().getNamespace() + "/" + name;
    }

    /** The service that an object was made for, as namespace/name; null if none. */
    private static @Nullable String owner(HasMetadata object) {
        if (object.getMetadata().getOwnerReferences() != null) {
            for (OwnerReference owner : object.getMetadata().getOwnerReferences()) {
                if ("ShardedService".equals(owner.getKind()) && owner.getApiVersion().startsWith("solaster.io/")) {
                    return object.getMetadata().getNamespace() + "/" + owner.getName();
                }
            }
        }
        return null;
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
                && takesNoRoom(before) == takesNoRoom(now) && Inventory.sameRequests(before, now)
                && Objects.equals(before.getMetadata().getLabels(), now.getMetadata().getLabels())
                && Objects.equals(before.getMetadata().getOwnerReferences(), now.getMetadata().getOwnerReferences())
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
        always.forEach(Watch::close);
        for (Kind<?> each : sometimes) {
            Watch<?> watch = each.watch;
            if (watch != null) {
                watch.close();
            }
        }
    }
}
