package io.solaster.operator.reconcile;

import static java.util.Objects.requireNonNull;

import java.net.HttpURLConnection;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.config.Cloner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceSpec.Mode;
import io.solaster.operator.api.ShardedServiceStatus;
import io.solaster.operator.apply.Applier;
import io.solaster.operator.apply.Names;
import io.solaster.operator.apply.RememberedManifests;
import io.solaster.operator.inventory.InvalidObjectException;
import io.solaster.operator.observe.Reports;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.Verdict;
import io.solaster.operator.reconcile.nodes.AffinityErrors;
import io.solaster.operator.reconcile.nodes.NodeMarks;
import io.solaster.operator.reconcile.plans.PlanBoard;
import io.solaster.operator.reconcile.plans.PlanBoard.Answer;
import io.solaster.operator.reconcile.plans.Scaling;
import io.solaster.operator.reconcile.status.Conditions;
import io.solaster.operator.reconcile.status.EventLog;
import io.solaster.operator.reconcile.status.PlanSummary;
import io.solaster.operator.reconcile.status.Readiness;
import io.solaster.operator.reconcile.status.Statuses;
import io.solaster.operator.reconcile.status.Statuses.Way;
import io.solaster.operator.reconcile.watch.Cluster;
import io.solaster.operator.reconcile.watch.NodeAccess;
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
    private static final Logger LOG = LoggerFactory.getLogger(ShardedServiceReconciler.class);

    private final KubernetesClient client;
    private final Cluster cluster;
    private final PlanBoard board;
    private final Applier applier;
    private final NodeMarks marks;
    private final EventLog events;
    private final Rollouts rollouts;
    private final Scaling scaling;
    private final Observation observation;
    private final Applying applying;
    private final RememberedManifests manifests = new RememberedManifests();
    private final InstantSource clock;
    private final Function<String, Map<String, String>> selectors;
    private final Refusals refusals;
    private final Statuses statuses;
    private final Newest newest;
    private final SimpleInboundEventSource<ShardedService> pokes = new SimpleInboundEventSource<>("pokes");
    private final AtomicLong ended = new AtomicLong();
    private final AtomicLong returned = new AtomicLong();
    private final LookedWith looked;
    /** The services that were applied and not told yet. */
    private final Set<String> untold = ConcurrentHashMap.newKeySet();
    private final Children children = new Children();
    private final Predicate<String> keeps;
    private final BooleanSupplier leads;
    private volatile Supplier<List<ShardedService>> watched = List::of;

    /** A service to look at: nobody changes one here, and a copy would be made by writing it out and reading that. */
    static final class Same implements Cloner {
        @Override
        public <R extends HasMetadata> R clone(R object) {
            return object;
        }
    }

    /**
     * One that has looked at nothing yet.
     *
     * @param keeps of which namespaces it keeps the services that it watches
     * @param leads whether it is to work now: until then, services that are to be looked at are left alone
     * @param retry until what could not be applied is tried again, at first
     */
    ShardedServiceReconciler(KubernetesClient client, Cluster cluster, PlanBoard board, Reports reports,
            AffinityErrors affinity, EventLog events, InstantSource clock, NodeAccess nodes,
            Predicate<String> keeps, BooleanSupplier leads, Duration retry) {
        this.client = client;
        this.cluster = cluster;
        this.board = board;
        looked = new LookedWith(board::last);
        this.events = events;
        this.clock = clock;
        this.keeps = keeps;
        this.leads = leads;
        // Nodes that are only declared have the labels that their profile selects by, and no others.
        selectors = nodes == NodeAccess.Declared ? board::labels : Names::selector;
        statuses = new Statuses(client);
        newest = new Newest(client);
        applier = new Applier(client, children::wrote);
        marks = new NodeMarks(client, clock, nodes == NodeAccess.Label);
        refusals = new Refusals(affinity, marks, events, cluster, board, clock, this::deleted);
        rollouts = new Rollouts(client, reports, clock);
        scaling = new Scaling(board, reports, clock);
        observation = new Observation(reports, events);
        applying = new Applying(applier, marks, board, cluster, events, rollouts, this::watched, retry);
    }

    @Override
    public List<EventSource<?, ShardedService>> prepareEventSources(EventSourceContext<ShardedService> context) {
        watched = () -> context.getPrimaryCache().list().map(newest::of).toList();
        List<EventSource<?, ShardedService>> sources = children.sources(context);
        board.placements().follow(children::running, children::service);
        sources.add(pokes);
        return sources;
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

    /** The plans that services were looked at with. */
    LookedWith looked() {
        return looked;
    }

    /** Takes a plan that was made: see {@link LookedWith#planned}. */
    boolean planned(ShardedService service, Answer answer) {
        return looked.planned(PlanBoard.key(service), answer,
                () -> poke(service.getMetadata().getNamespace(), service.getMetadata().getName()));
    }

    /** Has a service looked at again, soon. Any thread. */
    void poke(String namespace, String name) {
        if (pokes.isRunning()) {
            pokes.propagateEvent(new ResourceID(name, namespace));
        }
    }

    /** The objects of services. */
    Children children() {
        return children;
    }

    /** The pods of a service, and none that only bear its label. */
    private List<Pod> pods(ShardedService service) {
        String key = PlanBoard.key(service);
        return cluster.pods(key).stream().filter(pod -> key.equals(children.service(pod))).toList();
    }

    NodeMarks marks() {
        return marks;
    }

    /** Forgets all services but these: those that are there by now. */
    void retain(Set<String> there) {
        applier.forget(service -> !there.contains(service));
        applying.forget(service -> !there.contains(service));
        manifests.forget(service -> !there.contains(service));
        rollouts.forget(service -> !there.contains(service));
        scaling.forget(service -> !there.contains(service));
        refusals.forget(service -> !there.contains(service));
        statuses.retain(services());
        newest.retain(services());
        untold.retainAll(there);
        looked.retain(there);
    }

    /** Whether the load lies otherwise on a service's shards than its status says. */
    boolean unbalanced(ShardedService service) {
        return scaling.changed(service, pods(service));
    }

    /** How many services' rollouts are so far, by what was told of them last. */
    int rollouts(Way way) {
        return statuses.count(way);
    }

    /** How many changes it has taken back. */
    long returned() {
        return returned.get();
    }

    /** How many looks could not be ended, or could not apply what is tried again. */
    long failures() {
        return applying.failures();
    }

    /** How many reconciliations have ended, well or not. */
    long ended() {
        return ended.get();
    }

    @Override
    public UpdateControl<ShardedService> reconcile(ShardedService cached, Context<ShardedService> context) {
        if (!leads.getAsBoolean()) {
            return UpdateControl.noUpdate();
        }
        ShardedService service = newest.look(cached);
        if (service == null || service.getMetadata().getDeletionTimestamp() != null
                || !keeps.test(service.getMetadata().getNamespace())) {
            return UpdateControl.noUpdate();
        }
        Look look = new Look(service, statuses.of(service), clock.instant(), pods(service));
        try {
            return look(look, context);
        } catch (RuntimeException e) {
            return failed(look, e);
        } finally {
            ended.incrementAndGet();
        }
    }

    private UpdateControl<ShardedService> look(Look look, Context<ShardedService> context) {
        ShardedService service = look.service;
        String key = PlanBoard.key(service);
        for (Class<? extends HasMetadata> type : Children.KINDS) {
            context.getSecondaryResources(type).forEach(look::child);
        }
        cluster.children(key).forEach(look::child);
        Answer answer = scaling.sized(service, board.plan(service, this::services), this::services,
                look.children.values(),
                look.pods, look.notes);
        looked.look(key, answer);
        ServicePlan plan = answer.plan();
        List<HasMetadata> wanted = null;
        if (plan == null) {
            look.conditions.set(Conditions.PLAN_FEASIBLE, answer.invalid() ? "False" : "Unknown", answer.reason(),
                    answer.problem());
            look.degrade(answer.reason(), answer.problem());
            if (answer.reason().equals(Conditions.UNREADABLE)) {
                events.warning(service, answer.reason(), answer.problem());
            }
        } else {
            feasible(look, plan);
            refusals.look(look, key);
            try {
                wanted = manifests.of(service,
                        scaling.scaled(service, plan, look.children.values(), look.pods, look.notes),
                        cluster.monitors(), selectors);
            } catch (InvalidObjectException e) {
                look.degrade(Conditions.INVALID_SPEC, String.valueOf(e.getMessage()));
                look.refused = true;
            }
        }
        boolean paused = paused(service);
        boolean planned = service.getSpec() != null && service.getSpec().mode() == Mode.Plan;
        boolean apply = wanted != null && plan != null && plan.verdict() != Verdict.Infeasible && !planned && !paused;
        Stage stage = apply
                ? rollouts.advance(service, requireNonNull(plan), requireNonNull(wanted), look.children.values(),
                        look.pods)
                : rollouts.hold(service, plan, wanted, look.pods, paused
                        ? "the service is paused."
                        : planned ? "it is planned only." : "it cannot be applied.");
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
        } else {
            unapplied(look, paused, planned);
            applying.drift(look, stage);
        }
        if (look.refused) {
            board.refuse(service);
        } else if (look.conditions.holds(Conditions.APPLIED)) {
            board.applied(service);
        }
        untold.remove(key);
        look.inForce(statuses.of(service));
        observation.observe(look, plan, paused, apply);
        scaling.balance(service, look.pods, look.conditions);
        return status(look, answer);
    }

    private static void unapplied(Look look, boolean paused, boolean planned) {
        look.conditions.set(Conditions.APPLIED, false, paused ? "Paused" : planned ? "PlannedOnly" : "NotApplicable",
                paused
                        ? "Paused by the annotation " + ShardedService.PAUSED + "."
                        : planned
                                ? "It is only planned: spec.mode is Plan."
                                : "The spec cannot be applied as it is; what runs stays. See "
                                        + Conditions.PLAN_FEASIBLE
                                        + " and " + Conditions.DEGRADED + ".");
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

    /** Whether it has written something that was wanted anew. */
    private boolean apply(Look look, ServicePlan plan, Stage stage) {
        try {
            return applying.apply(look, plan, stage, clock.instant());
        } finally {
            // Nobody is to wait for what is told; what came of it is told also when not all could be applied.
            tell(look.service, stage);
        }
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

    private UpdateControl<ShardedService> status(Look look, Answer answer) {
        ShardedService service = look.service;
        ServicePlan plan = answer.plan();
        int replicas = 0;
        for (HasMetadata child : look.children.values()) {
            replicas += Readiness.replicas(child);
        }
        ShardedServiceStatus before = statuses.of(service);
        List<String> notes = new ArrayList<>(look.notes);
        if (plan != null) {
            notes.addAll(marks.unlabelled(board.classes(), Applying.used(plan), cluster));
        }
        boolean told = told(service, new ShardedServiceStatus(service.getMetadata().getGeneration(),
                look.appliedGeneration, replicas, ShardedService.LABEL + "=" + service.getMetadata().getName(),
                plan == null ? (before == null ? null : before.plan()) : PlanSummary.of(plan, service.getSpec(), notes),
                look.lie, look.stage == null ? null : look.stage.status(), look.conditions.list()), look);
        Duration again = Applying.sooner(look.again,
                look.stage == null || !told ? null : look.stage.again());
        return again == null
                ? UpdateControl.noUpdate()
                : UpdateControl.<ShardedService>noUpdate().rescheduleAfter(again);
    }

    /** Writes a status. If it cannot be written, the look is to come again. */
    private boolean told(ShardedService service, ShardedServiceStatus status, Look look) {
        try {
            statuses.tell(service, status);
            applying.well(PlanBoard.key(service) + Applying.STATUS);
            return true;
        } catch (KubernetesClientException e) {
            look.again = Applying.sooner(look.again, applying.later(PlanBoard.key(service) + Applying.STATUS,
                    "its status could not be written, which is tried again: " + e.getMessage(), null,
                    clock.instant()));
            return false;
        }
    }

    /** What keeps a look from its end is told as what cannot be applied is, and the look comes again. */
    private UpdateControl<ShardedService> failed(Look look, RuntimeException error) {
        ShardedService service = look.service;
        applying.failed(look, error, clock.instant());
        ShardedServiceStatus before = statuses.of(service);
        look.inForce(before);
        look.conditions.interrupted(look.degraded == null ? "ApplyFailed" : look.degraded, look.why);
        told(service, new ShardedServiceStatus(service.getMetadata().getGeneration(), look.appliedGeneration,
                before == null ? null : before.replicas(), before == null ? null : before.selector(),
                before == null ? null : before.plan(), before == null ? null : before.pods(),
                before == null ? null : before.rollout(), look.conditions.list()), look);
        return UpdateControl.<ShardedService>noUpdate().rescheduleAfter(requireNonNull(look.again));
    }

    private boolean watched(HasMetadata object) {
        return Children.KINDS.contains(object.getClass()) || cluster.watches(object);
    }
}
