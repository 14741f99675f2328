package io.solaster.operator.reconcile;

import static java.util.Objects.requireNonNull;
import static java.util.Objects.requireNonNullElse;

import java.net.HttpURLConnection;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.SeccompProfile;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaimTemplate;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.ErrorStatusUpdateControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceSpec;
import io.solaster.operator.api.ShardedServiceSpec.Backend;
import io.solaster.operator.api.ShardedServiceSpec.Mode;
import io.solaster.operator.api.ShardedServiceSpec.Numa;
import io.solaster.operator.api.ShardedServiceSpec.OnAffinityError;
import io.solaster.operator.api.ShardedServiceSpec.ShardMode;
import io.solaster.operator.api.ShardedServiceStatus;
import io.solaster.operator.api.ShardedServiceStatus.ClassStatus;
import io.solaster.operator.api.ShardedServiceStatus.PlanStatus;
import io.solaster.operator.apply.Applier;
import io.solaster.operator.apply.Applier.Outcome;
import io.solaster.operator.apply.Manifests;
import io.solaster.operator.apply.Names;
import io.solaster.operator.inventory.InvalidObjectException;
import io.solaster.operator.observe.Alignment;
import io.solaster.operator.observe.Reports;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import io.solaster.operator.plan.Verdict;
import io.solaster.operator.reconcile.PlanBoard.Answer;
import io.solaster.operator.rollout.Rollouts;
import io.solaster.operator.rollout.Stage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a service to what is wanted: plans it, applies the plan unless it is infeasible, looks at what runs, and says in
 * the status how it stands. It never writes a spec. Several services at once, each by one thread at a time.
 */
@ControllerConfiguration(name = "shardedservice")
final class ShardedServiceReconciler implements Reconciler<ShardedService> {
    static final List<Class<? extends HasMetadata>> CHILDREN = List.of(ConfigMap.class, Service.class,
            StatefulSet.class, Deployment.class, PodDisruptionBudget.class, NetworkPolicy.class);
    private static final Logger LOG = LoggerFactory.getLogger(ShardedServiceReconciler.class);
    private static final int REASONS = 20;
    private static final Set<String> STUCK = Set.of("CanaryFails", "RolloutFails", "ReloadUnconfirmed",
            "ReloadRefused");

    private final KubernetesClient client;
    private final Cluster cluster;
    private final PlanBoard board;
    private final Applier applier;
    private final Reports reports;
    private final AffinityErrors affinity;
    private final NodeMarks marks;
    private final EventLog events;
    private final Rollouts rollouts;
    private final Scaling scaling;
    private final InstantSource clock;
    private final Function<String, Map<String, String>> selectors;
    private final RecentRefusals recent = new RecentRefusals();
    private final Statuses statuses;
    private final SimpleInboundEventSource<ShardedService> pokes = new SimpleInboundEventSource<>("pokes");
    private final AtomicLong ended = new AtomicLong();
    private final AtomicLong returned = new AtomicLong();
    /** The plan that each service was looked at with last. */
    private final Map<String, Looked> looked = new ConcurrentHashMap<>();
    /** The services that were applied and not told yet. */
    private final Set<String> untold = ConcurrentHashMap.newKeySet();
    private final Map<Class<?>, InformerEventSource<?, ShardedService>> caches = new ConcurrentHashMap<>();
    private final Predicate<String> keeps;
    private volatile Supplier<List<ShardedService>> watched = List::of;

    /**
     * What a service was looked at with.
     *
     * @param answer the plan
     * @param poked another plan, for which it is to be looked at again; null if for none yet
     */
    private record Looked(Answer answer, @Nullable Answer poked) {}

    /** @param keeps of which namespaces it keeps the services that it watches */
    ShardedServiceReconciler(KubernetesClient client, Cluster cluster, PlanBoard board, Reports reports,
            AffinityErrors affinity, EventLog events, InstantSource clock, NodeAccess nodes,
            Predicate<String> keeps) {
        this.client = client;
        this.cluster = cluster;
        this.board = board;
        this.reports = reports;
        this.affinity = affinity;
        this.events = events;
        this.clock = clock;
        this.keeps = keeps;
        // Nodes that are only declared have the labels that their profile selects by, and no others.
        selectors = nodes == NodeAccess.Declared ? board::labels : Names::selector;
        statuses = new Statuses(client);
        applier = new Applier(client, this::wrote);
        marks = new NodeMarks(client, clock, nodes == NodeAccess.Label);
        rollouts = new Rollouts(client, reports, clock);
        scaling = new Scaling(board, reports, clock);
    }

    @Override
    public List<EventSource<?, ShardedService>> prepareEventSources(EventSourceContext<ShardedService> context) {
        watched = () -> context.getPrimaryCache().list().toList();
        List<EventSource<?, ShardedService>> sources = new ArrayList<>();
        for (Class<? extends HasMetadata> type : CHILDREN) {
            InformerEventSource<?, ShardedService> source = children(type, context);
            caches.put(type, source);
            sources.add(source);
        }
        board.placements().follow(() -> Scaling.running(caches.values().stream().flatMap(InformerEventSource::list)));
        sources.add(pokes);
        return sources;
    }

    private static <T extends HasMetadata> InformerEventSource<T, ShardedService> children(Class<T> type,
            EventSourceContext<ShardedService> context) {
        return new InformerEventSource<>(InformerEventSourceConfiguration.from(type, ShardedService.class)
                .withNamespacesInheritedFromController().withLabelSelector(ShardedService.LABEL).build(), context);
    }

    /** The next look sees what this one wrote, and the event of it is no reason for another. */
    @SuppressWarnings("unchecked")
    private void wrote(@Nullable HasMetadata before, HasMetadata now) {
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

    /** All services that it keeps, as the cache has them. */
    List<ShardedService> services() {
        return watched.get().stream().filter(service -> keeps.test(service.getMetadata().getNamespace())).toList();
    }

    /** Has all services of a namespace looked at again, soon. Any thread. */
    void poke(String namespace) {
        for (ShardedService service : watched.get()) {
            if (service.getMetadata().getNamespace().equals(namespace)) {
                poke(namespace, service.getMetadata().getName());
            }
        }
    }

    /**
     * Has a service looked at again if the last look was with a plan that comes to something else; once for each plan.
     *
     * @return whether that plan was this one, to the last figure
     */
    boolean planned(ShardedService service, Answer answer) {
        String key = PlanBoard.key(service);
        Looked last = looked.get(key);
        if (last == null) {
            // It is still to be looked at for the first time.
            return true;
        }
        if (last.answer().sameOutcome(answer)) {
            return last.answer().equals(answer);
        }
        // A look that comes in between has its own say.
        if ((last.poked() == null || !last.poked().sameOutcome(answer))
                && looked.replace(key, last, new Looked(last.answer(), answer))) {
            poke(service.getMetadata().getNamespace(), service.getMetadata().getName());
        }
        return true;
    }

    /** Has a service looked at again, soon. Any thread. */
    void poke(String namespace, String name) {
        if (pokes.isRunning()) {
            pokes.propagateEvent(new ResourceID(name, namespace));
        }
    }

    /** Whether it reconciles: it leads, and its caches are filled. */
    boolean running() {
        return pokes.isRunning();
    }

    NodeMarks marks() {
        return marks;
    }

    /** Forgets services that are no more. */
    void retain(Set<String> there) {
        applier.forget(service -> !there.contains(service));
        rollouts.forget(service -> !there.contains(service));
        scaling.forget(service -> !there.contains(service));
        recent.forget(service -> !there.contains(service));
        statuses.retain(services());
        untold.retainAll(there);
        looked.keySet().retainAll(there);
    }

    /** Whether the load lies otherwise on a service's shards than its status says. */
    boolean unbalanced(ShardedService service) {
        return scaling.changed(service, cluster.pods(PlanBoard.key(service)));
    }

    /** What one reconciliation finds, for the status. */
    private static final class Look {
        final ShardedService service;
        final Conditions conditions;
        final Map<String, HasMetadata> children = new TreeMap<>();
        final List<Pod> pods;
        final List<String> drifted = new ArrayList<>();
        final List<String> notes = new ArrayList<>();
        @Nullable
        String degraded;
        String why = "";
        @Nullable
        Stage stage;
        List<ShardedServiceStatus.PodStatus> lie = List.of();

        Look(ShardedService service, @Nullable ShardedServiceStatus status, Instant now, List<Pod> pods) {
            this.service = service;
            this.pods = pods;
            conditions = new Conditions(status == null ? null : status.conditions(),
                    service.getMetadata().getGeneration(), now);
        }

        /** The first thing that is wrong is the one that is told. */
        void degrade(String reason, String message) {
            if (degraded == null) {
                degraded = reason;
                why = message;
            }
        }
    }

    /** How far the rollouts of services are, as meters have it. */
    enum Way {
        /** Pods are being replaced, or have yet to confirm a configuration. */
        UnderWay,
        /** It has taken longer than it may, or falls short, and is not taken back by itself. */
        Stuck,
        /** It was taken back, and the spec still asks for it. */
        RolledBack
    }

    /** How many services' rollouts are so far, by what was told of them last. */
    int rollouts(Way way) {
        return (int) statuses.all().filter(status -> way(status) == way).count();
    }

    private static @Nullable Way way(ShardedServiceStatus status) {
        String phase = status.rollout() == null ? "" : requireNonNullElse(status.rollout().phase(), "");
        return switch (phase) {
            case "RolledBack" -> Way.RolledBack;
            case "", "Suspended" -> null;
            default -> status.conditions() != null && status.conditions().stream()
                    .anyMatch(each -> Conditions.DEGRADED.equals(each.getType()) && STUCK.contains(each.getReason()))
                            ? Way.Stuck
                            : Way.UnderWay;
        };
    }

    /** How many changes it has taken back. */
    long returned() {
        return returned.get();
    }

    /** How many reconciliations have ended, well or not. */
    long ended() {
        return ended.get();
    }

    @Override
    public UpdateControl<ShardedService> reconcile(ShardedService service, Context<ShardedService> context) {
        try {
            return look(service, context);
        } finally {
            ended.incrementAndGet();
        }
    }

    private UpdateControl<ShardedService> look(ShardedService service, Context<ShardedService> context) {
        String key = PlanBoard.key(service);
        if (service.getMetadata().getDeletionTimestamp() != null
                || !keeps.test(service.getMetadata().getNamespace())) {
            return UpdateControl.noUpdate();
        }
        Look look = new Look(service, statuses.of(service), clock.instant(), cluster.pods(key));
        for (Class<? extends HasMetadata> type : CHILDREN) {
            context.getSecondaryResources(type).forEach(child -> look.children.put(id(child), child));
        }
        cluster.children(key).forEach(child -> look.children.put(id(child), child));
        Answer answer = scaling.sized(service, board.plan(service, this::services), this::services,
                look.children.values(),
                look.pods, look.notes);
        looked.put(key, new Looked(answer, null));
        ServicePlan plan = answer.plan();
        List<HasMetadata> wanted = null;
        if (plan == null) {
            look.conditions.set(Conditions.PLAN_FEASIBLE, answer.invalid() ? "False" : "Unknown",
                    answer.invalid() ? "InvalidSpec" : "InventoryUnreadable", answer.problem());
            look.degrade(answer.invalid() ? "InvalidSpec" : "InventoryUnreadable", answer.problem());
        } else {
            feasible(look, plan);
            refusals(look, key);
            try {
                wanted = Manifests.of(service,
                        scaling.scaled(service, plan, look.children.values(), look.pods, look.notes),
                        cluster.monitors(), selectors);
            } catch (InvalidObjectException e) {
                look.degrade("InvalidSpec", String.valueOf(e.getMessage()));
            }
        }
        boolean paused = paused(service);
        boolean apply = wanted != null && plan != null && plan.verdict() != Verdict.Infeasible
                && service.getSpec().mode() != Mode.Plan && !paused;
        Stage stage = apply
                ? rollouts.advance(service, requireNonNull(plan), requireNonNull(wanted), look.children.values(),
                        look.pods)
                : rollouts.hold(service, plan, wanted, look.pods, paused
                        ? "the service is paused."
                        : service.getSpec().mode() == Mode.Plan ? "it is planned only." : "it cannot be applied.");
        look.stage = stage;
        if (stage.degraded() != null) {
            look.degrade(stage.degraded().reason(), stage.degraded().message());
        }
        if (apply) {
            boolean wrote = apply(look, requireNonNull(plan), stage);
            if (wrote || !look.drifted.isEmpty()) {
                // The next look sees what came of it, and comes after those at services that were changed at the same time.
                poke(service.getMetadata().getNamespace(), service.getMetadata().getName());
            }
            if (wrote && look.drifted.isEmpty() && look.degraded == null && untold.add(key)) {
                return UpdateControl.noUpdate();
            }
        } else if (paused) {
            for (HasMetadata each : stage.wanted()) {
                if (watched(each) && applier.drifted(each, look.children.get(id(each)))) {
                    look.drifted.add(each.getKind() + " " + each.getMetadata().getName());
                }
            }
        }
        untold.remove(key);
        observe(look, plan, paused, apply);
        scaling.balance(service, look.pods, look.conditions);
        return status(look, answer);
    }

    private static boolean paused(ShardedService service) {
        Map<String, String> annotations = service.getMetadata().getAnnotations();
        return annotations != null && "true".equals(annotations.get(ShardedService.PAUSED));
    }

    private void feasible(Look look, ServicePlan plan) {
        String message = String.join(" ", plan.reasons());
        switch (plan.verdict()) {
            case Feasible -> look.conditions.set(Conditions.PLAN_FEASIBLE, true, "Fits", message);
            case Unproven -> look.conditions.set(Conditions.PLAN_FEASIBLE, "Unknown", "Unproven", message);
            case Infeasible -> {
                look.conditions.set(Conditions.PLAN_FEASIBLE, false, "DoesNotFit", message);
                events.warning(look.service, "DoesNotFit", message);
            }
        }
    }

    /** Nodes whose kubelets refused pods are left out for a while, and the refused pods are collected. */
    private void refusals(Look look, String key) {
        String namespace = look.service.getMetadata().getNamespace();
        String name = look.service.getMetadata().getName();
        for (Pod pod : AffinityErrors.failed(look.pods)) {
            affinity.look(pod);
        }
        ShardedServiceSpec spec = look.service.getSpec();
        boolean stop = spec.placement() != null && spec.placement().onAffinityError() == OnAffinityError.Stop;
        affinity.take(key).forEach((node, message) -> {
            if (!marks.allowed()) {
                recent.add(key, node, clock.instant());
                events.warning(look.service, "TopologyAffinityError", "Node " + node
                        + " refuses pods, and this operator may not set nodes aside: " + message);
                return;
            }
            Set<String> aside = stop ? allOf(node) : Set.of(node);
            Instant until = null;
            for (String each : aside) {
                Node there = cluster.node(each);
                if (there != null) {
                    until = marks.setAside(there, namespace, name);
                }
            }
            events.warning(look.service, "NodeSetAside", (stop
                    ? "No further pods are made"
                    : "Node " + node
                            + " is set aside")
                    + (until == null ? "" : " until " + until) + ": " + message);
        });
        AffinityErrors.failed(look.pods).forEach(this::deleted);
        Set<String> aside = NodeMarks.aside(cluster.nodes(), namespace, name);
        Set<String> refusing = recent.nodes(key, clock.instant());
        if (!refusing.isEmpty()) {
            look.degrade("TopologyAffinityError", "Kubelets refuse pods for their CPUs, and this operator may not set"
                    + " nodes aside: " + some(refusing) + "; keep pods from them, or ask for fewer shards.");
        }
        if (!aside.isEmpty()) {
            look.degrade("TopologyAffinityError",
                    "Kubelets refused pods for their CPUs; set aside for a while: " + some(aside) + ".");
        }
    }

    /** The nodes of a node's class. */
    private Set<String> allOf(String node) {
        Map<String, String> classes = board.classes();
        String topologyClass = classes.get(node);
        Set<String> all = new HashSet<>(Set.of(node));
        classes.forEach((each, its) -> {
            if (its.equals(topologyClass)) {
                all.add(each);
            }
        });
        return all;
    }

    /** Whether it has written something that was wanted anew. */
    private boolean apply(Look look, ServicePlan plan, Stage stage) {
        try {
            return applied(look, plan, stage);
        } finally {
            // Nobody is to wait for what is told; what came of it is told also when not all could be applied.
            tell(look.service, stage);
        }
    }

    private boolean applied(Look look, ServicePlan plan, Stage stage) {
        List<HasMetadata> wanted = stage.wanted();
        boolean wrote = false;
        Set<String> classes = new HashSet<>();
        plan.classes().stream().filter(each -> each.replicas() > 0).forEach(each -> classes.add(each.name()));
        marks.classes(board.classes(), classes, cluster);
        Set<String> ids = new HashSet<>();
        for (HasMetadata each : wanted) {
            ids.add(id(each));
            String what = each.getKind() + " " + each.getMetadata().getName();
            Outcome outcome = applier.apply(each, look.children.get(id(each)), watched(each));
            if (outcome == Outcome.REPAIRED) {
                look.drifted.add(what);
                events.warning(look.service, "Repaired",
                        what + " had been changed by somebody else and is as planned again.");
            } else if (outcome == Outcome.APPLIED) {
                wrote = true;
                LOG.info("{}: {} applied, plan {}", PlanBoard.key(look.service), what, plan.hash());
            }
        }
        boolean settled = wanted.stream().filter(each -> replicas(each) > 0)
                .allMatch(each -> ready(look.children.get(id(each))) >= replicas(each));
        boolean stuck = look.pods.stream().anyMatch(ShardedServiceReconciler::unschedulable);
        look.children.forEach((id, child) -> {
            // The pods of a workload are made with its ResourceClaimTemplate, as long as there are any.
            boolean workload = child instanceof StatefulSet || child instanceof Deployment
                    || child instanceof ResourceClaimTemplate;
            // Pods that move to another class run on until those that follow them do, unless these wait for their room.
            boolean read = child instanceof ConfigMap && stage.mounted().contains(child.getMetadata().getName());
            if (!ids.contains(id) && !read && (!workload || settled || stuck || Rollouts.isCanary(child))) {
                applier.delete(child);
                LOG.info("{}: {} deleted, plan {} has none", PlanBoard.key(look.service), id, plan.hash());
            }
        });
        return wrote;
    }

    /** Says what has come of a rollout, and has pods made anew that nobody else would. */
    private void tell(ShardedService service, Stage stage) {
        for (Stage.Note note : stage.events()) {
            LOG.info("{}: {}: {}", PlanBoard.key(service), note.reason(), note.message());
            if (note.warning()) {
                // Nothing else of a rollout is a warning.
                returned.incrementAndGet();
                events.warning(service, note.reason(), note.message());
            } else {
                events.normal(service, note.reason(), note.message());
            }
        }
        for (Pod pod : stage.stuck()) {
            if (deleted(pod)) {
                events.normal(service, "StuckPodDeleted", pod.getMetadata().getName()
                        + " is not ready and of a revision that is not wanted any more: it is made anew.");
            }
        }
    }

    /** Deletes a pod unless it has changed: a cache may be late, and what has its name by now be another one. */
    private boolean deleted(Pod pod) {
        try {
            client.resource(pod).lockResourceVersion().delete();
            return true;
        } catch (KubernetesClientException e) {
            // The next look tells whether it is still to go.
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw e;
            }
            return false;
        }
    }

    private void observe(Look look, @Nullable ServicePlan plan, boolean paused, boolean applied) {
        int wanted = 0;
        int ready = 0;
        boolean rolling = false;
        boolean workloads = false;
        for (HasMetadata child : look.children.values()) {
            if (child instanceof StatefulSet || child instanceof Deployment) {
                workloads = true;
                wanted += replicas(child);
                ready += ready(child);
                rolling |= rolling(child);
            }
        }
        ready = Math.min(ready, wanted);
        String count = ready + " of " + wanted + " pods are ready.";
        if (workloads) {
            boolean all = ready >= wanted && (!rolling || ready > 0);
            look.conditions.set(Conditions.READY, all, all ? "PodsReady" : "PodsNotReady", count);
        } else {
            look.conditions.set(Conditions.READY, false, "NotApplied", applied
                    ? "Its pods are being made."
                    : "Nothing has been applied.");
        }
        boolean moves = applied && (!workloads || rolling || ready < wanted);
        look.conditions.set(Conditions.PROGRESSING, moves, moves ? "PodsChange" : paused ? "Paused" : "Settled", moves
                ? count
                : paused
                        ? "Paused by the annotation " + ShardedService.PAUSED + "."
                        : "Nothing is under way.");
        Stage.Word way = look.stage == null ? null : look.stage.progressing();
        if (applied && way != null) {
            look.conditions.set(Conditions.PROGRESSING, true, way.reason(), way.message());
        }
        for (Pod pod : look.pods) {
            String trouble = trouble(pod);
            if (!trouble.isEmpty()) {
                look.degrade("PodsFail", pod.getMetadata().getName() + ": " + trouble + ".");
            }
        }
        look.conditions.set(Conditions.DRIFTED, !look.drifted.isEmpty(), look.drifted.isEmpty()
                ? "AsApplied"
                : paused ? "ChangedByOthers" : "Repaired",
                look.drifted.isEmpty()
                        ? "All objects are as they were applied."
                        : "Changed by somebody else" + (paused ? ": " : " and repaired: ") + some(look.drifted) + ".");
        if (plan == null) {
            look.conditions.keep(Conditions.ALIGNED);
        } else {
            ShardedServiceSpec spec = look.service.getSpec();
            Alignment alignment = alignment(look, plan, spec);
            look.lie = alignment.pods();
            look.conditions.set(Conditions.ALIGNED, alignment.status(), alignment.reason(), alignment.message());
            if (alignment.status().equals("False")) {
                events.warning(look.service, alignment.reason(), alignment.message());
            }
        }
        look.conditions.set(Conditions.DEGRADED, look.degraded != null,
                requireNonNullElse(look.degraded, "AsExpected"),
                look.degraded == null ? "Nothing is wrong." : look.why);
    }

    private Alignment alignment(Look look, ServicePlan plan, ShardedServiceSpec spec) {
        Numa standard = spec.shards() != null && spec.shards().mode() == ShardMode.FillNode ? Numa.Any : Numa.Single;
        Numa numa = spec.placement() == null ? standard : requireNonNullElse(spec.placement().numa(), standard);
        Backend backend = spec.placement() == null
                ? Backend.CPUManager
                : requireNonNullElse(spec.placement().backend(), Backend.CPUManager);
        Set<String> others = look.stage == null ? Set.of() : look.stage.otherSize();
        List<Pod> pods = look.pods.stream().filter(pod -> !others.contains(pod.getMetadata().getName())).toList();
        return Alignment.of(plan, backend, numa, pods, reports::of);
    }

    private UpdateControl<ShardedService> status(Look look, Answer answer) {
        ShardedService service = look.service;
        ServicePlan plan = answer.plan();
        int replicas = 0;
        for (HasMetadata child : look.children.values()) {
            replicas += replicas(child);
        }
        ShardedServiceStatus before = statuses.of(service);
        statuses.tell(service, new ShardedServiceStatus(service.getMetadata().getGeneration(), replicas,
                ShardedService.LABEL + "=" + service.getMetadata().getName(),
                plan == null ? (before == null ? null : before.plan()) : inShort(plan, service.getSpec(), look.notes),
                look.lie,
                look.stage == null ? null : look.stage.status(), look.conditions.list()));
        UpdateControl<ShardedService> done = UpdateControl.noUpdate();
        return look.stage == null || look.stage.again() == null ? done : done.rescheduleAfter(look.stage.again());
    }

    @Override
    public ErrorStatusUpdateControl<ShardedService> updateErrorStatus(ShardedService service,
            Context<ShardedService> context, Exception error) {
        String message = String.valueOf(error.getMessage());
        LOG.warn("{}: {}", PlanBoard.key(service), message);
        ShardedServiceStatus before = statuses.of(service);
        Conditions conditions = new Conditions(before == null ? null : before.conditions(),
                service.getMetadata().getGeneration(), clock.instant());
        for (String type : List.of(Conditions.PLAN_FEASIBLE, Conditions.READY, Conditions.PROGRESSING,
                Conditions.DRIFTED, Conditions.ALIGNED, Conditions.BALANCED)) {
            conditions.keep(type);
        }
        conditions.set(Conditions.DEGRADED, true, "ApplyFailed", message);
        try {
            statuses.tell(service, new ShardedServiceStatus(service.getMetadata().getGeneration(),
                    before == null ? null : before.replicas(), before == null ? null : before.selector(),
                    before == null ? null : before.plan(), before == null ? null : before.pods(),
                    before == null ? null : before.rollout(), conditions.list()));
        } catch (KubernetesClientException e) {
            LOG.warn("{}: its status could not be written, which is tried again: {}", PlanBoard.key(service),
                    e.getMessage());
        }
        return ErrorStatusUpdateControl.noStatusUpdate();
    }

    private PlanStatus inShort(ServicePlan plan, ShardedServiceSpec spec, List<String> notes) {
        List<String> reasons = new ArrayList<>(bounded(plan.reasons()));
        reasons.addAll(notes);
        Set<String> used = new HashSet<>();
        plan.classes().stream().filter(each -> each.replicas() > 0).forEach(each -> used.add(each.name()));
        reasons.addAll(marks.unlabelled(board.classes(), used, cluster));
        String transport = transport(spec);
        reasons.add(transport);
        return new PlanStatus(plan.hash(), plan.verdict().name(), plan.afterNodeLoss().name(), plan.replicas(),
                plan.classes().stream().mapToInt(ClassPlan::capacity).sum(),
                plan.classes().stream().mapToInt(ClassPlan::strandedCpus).sum(), reasons,
                plan.classes().stream().limit(REASONS)
                        .map(each -> new ClassStatus(each.name(), each.source(), each.replicas(), each.podCpus(),
                                String.valueOf(Manifests.bytes(each.podMemory())), each.shards(), each.capacity(),
                                each.possible(), each.strandedCpus(), bounded(each.reasons())))
                        .toList());
    }

    /** The container runtime's own seccomp profile has refused io_uring since containerd 1.7.6. */
    static String transport(ShardedServiceSpec spec) {
        // What stands at the container counts before what stands at the pod.
        SeccompProfile container = spec.securityContext() == null ? null : spec.securityContext().getSeccompProfile();
        SeccompProfile pod = spec.podSecurityContext() == null ? null : spec.podSecurityContext().getSeccompProfile();
        SeccompProfile profile = container == null ? pod : container;
        String type = profile == null || profile.getType() == null ? "RuntimeDefault" : profile.getType();
        String file = profile == null ? "" : String.valueOf(profile.getLocalhostProfile());
        return switch (type) {
            case "RuntimeDefault" -> "seccompProfile RuntimeDefault refuses io_uring: transport 'auto' takes epoll.";
            case "Localhost" -> "seccompProfile Localhost " + file
                    + ": transport 'auto' takes io_uring if that allows it (solaster/io-uring.json of the chart does) and"
                    + " is on the node, without which the container does not start; else epoll.";
            default -> "seccompProfile " + type + " refuses nothing: transport 'auto' takes io_uring where the node's"
                    + " kernel.io_uring_disabled is 0, else epoll.";
        };
    }

    private static List<String> bounded(List<String> reasons) {
        return List.copyOf(reasons.subList(0, Math.min(REASONS, reasons.size())));
    }

    private static String some(Iterable<String> all) {
        return String.join(", ", all);
    }

    private boolean watched(HasMetadata object) {
        return CHILDREN.contains(object.getClass()) || cluster.watches(object);
    }

    private static String id(HasMetadata object) {
        return object.getKind() + " " + object.getMetadata().getName();
    }

    static int replicas(@Nullable HasMetadata object) {
        Integer replicas = switch (object) {
            case StatefulSet set -> set.getSpec().getReplicas();
            // Its canaries are counted with the Deployment that lends them.
            case Deployment deployment when Rollouts.isCanary(deployment) -> null;
            case Deployment deployment ->
                requireNonNullElse(deployment.getSpec().getReplicas(), 0) + Rollouts.lent(deployment);
            case null, default -> null;
        };
        return requireNonNullElse(replicas, 0);
    }

    static int ready(@Nullable HasMetadata object) {
        Integer ready = switch (object) {
            case StatefulSet set -> set.getStatus() == null ? null : set.getStatus().getReadyReplicas();
            case Deployment deployment ->
                deployment.getStatus() == null ? null : deployment.getStatus().getReadyReplicas();
            case null, default -> null;
        };
        return requireNonNullElse(ready, 0);
    }

    /** Whether pods are being replaced. */
    static boolean rolling(HasMetadata object) {
        Long seen = null;
        Integer updated = null;
        if (object instanceof StatefulSet set && set.getStatus() != null) {
            seen = set.getStatus().getObservedGeneration();
            updated = set.getStatus().getUpdatedReplicas();
            if (Objects.equals(set.getStatus().getCurrentRevision(), set.getStatus().getUpdateRevision())) {
                updated = null;
            }
        } else if (object instanceof Deployment deployment && deployment.getStatus() != null) {
            seen = deployment.getStatus().getObservedGeneration();
            updated = deployment.getStatus().getUpdatedReplicas();
        }
        return (seen != null && !seen.equals(object.getMetadata().getGeneration()))
                || (updated != null && updated < replicas(object));
    }

    private static boolean unschedulable(Pod pod) {
        return pod.getStatus() != null && "Pending".equals(pod.getStatus().getPhase())
                && pod.getStatus().getConditions() != null && pod.getStatus().getConditions().stream()
                        .anyMatch(condition -> "PodScheduled".equals(condition.getType())
                                && "False".equals(condition.getStatus()));
    }

    /** What keeps a pod from running. */
    private static String trouble(Pod pod) {
        if (pod.getStatus() == null) {
            return "";
        }
        if (unschedulable(pod)) {
            return "no node takes it";
        }
        if (pod.getStatus().getContainerStatuses() != null) {
            for (ContainerStatus container : pod.getStatus().getContainerStatuses()) {
                String reason = container.getState() == null || container.getState().getWaiting() == null
                        ? null
                        : container.getState().getWaiting().getReason();
                if (reason != null && (reason.endsWith("BackOff") || reason.startsWith("Err")
                        || reason.endsWith("Error"))) {
                    return "container " + container.getName() + " waits: " + reason;
                }
            }
        }
        return "";
    }
}
