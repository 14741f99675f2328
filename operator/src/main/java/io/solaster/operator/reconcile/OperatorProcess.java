package io.solaster.operator.reconcile;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;

import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.monitoring.micrometer.MicrometerMetrics;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.apply.Applier;
import io.solaster.operator.apply.Names;
import io.solaster.operator.client.Clients;
import io.solaster.operator.client.Unreadable;
import io.solaster.operator.observe.PodReport.Load;
import io.solaster.operator.observe.Reports;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.Verdict;
import io.solaster.operator.reconcile.nodes.AffinityErrors;
import io.solaster.operator.reconcile.plans.PlanBoard;
import io.solaster.operator.reconcile.plans.PlanBoard.Answer;
import io.solaster.operator.reconcile.status.Conditions;
import io.solaster.operator.reconcile.status.EventLog;
import io.solaster.operator.reconcile.status.ProfileStatuses;
import io.solaster.operator.reconcile.watch.Cluster;
import io.solaster.operator.reconcile.watch.NodeAccess;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator as a process: informers, plans, the reconciler, the pods' reports, health and metrics. {@link #start}
 * returns when it watches; it works from the moment that it leads, which without a lease is at once.
 */
public final class OperatorProcess implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OperatorProcess.class);
    private static final int TICKS = 4;
    private static final int RETRY_TICKS = 8 * TICKS;
    private static final long QUIET = Duration.ofMinutes(1).toNanos();
    private static final Duration LONGEST_RETRY = Duration.ofMinutes(5);

    private final KubernetesClient client;
    private final OperatorOptions options;
    private final Pace pace;
    /** Null if it works without a lease. */
    private final @Nullable Leadership leadership;
    private final PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(2,
            Thread.ofPlatform().name("operator-", 0).daemon().factory());
    private final AffinityErrors affinity = new AffinityErrors();
    private final AtomicBoolean replan = new AtomicBoolean();
    private final AtomicInteger plansMade = new AtomicInteger();
    private final Cluster cluster;
    private final PlanBoard board;
    private final Reports reports;
    private final EventLog events;
    private final ProfileStatuses profiles;
    /** Which objects were told of that cannot be read whole, with what that is. */
    private final Map<String, String> unread = new HashMap<>();
    private final ShardedServiceReconciler reconciler;
    private final Operator operator;
    private final JvmGcMetrics gc = new JvmGcMetrics();
    private volatile @Nullable SharedIndexInformer<Namespace> selected;
    private @Nullable Endpoints endpoints;
    private final UntoldFigures untold = new UntoldFigures(this::poke);
    private int compared;
    private int ticks;
    /** Whether all caches are filled. */
    private volatile boolean started;
    private volatile boolean closing;

    /** A client that reads as the operator needs it, and keeps no more of what there is. */
    public static KubernetesClient client(Config config) {
        return Clients.of(config, Applier::asksForFields);
    }

    public OperatorProcess(KubernetesClient client, OperatorOptions options) {
        this(client, options, Reports::management, InstantSource.system(), Pace.USUAL);
    }

    /** @param address where a pod answers for itself */
    OperatorProcess(KubernetesClient client, OperatorOptions options, Function<Pod, @Nullable URI> address,
            InstantSource clock, Pace pace) {
        this.client = client;
        this.options = options;
        this.pace = pace;
        leadership = options.leaseNamespace().isEmpty()
                ? null
                : new Leadership(client, options.leaseNamespace(), options.identity(), clock, System::nanoTime,
                        this::beginsToLead, this::leadsNoMore);
        cluster = new Cluster(client, options.nodes(), options.namespaces(), options.profiles(), pace.patience(),
                new Changes());
        board = new PlanBoard(cluster, plansMade::incrementAndGet);
        reports = new Reports(address);
        events = new EventLog(client, clock, options.identity());
        profiles = new ProfileStatuses(client, clock, events, this::writes);
        reconciler = new ShardedServiceReconciler(client, cluster, board, reports, affinity, events, clock,
                options.nodes(), this::keeps, this::leads, pace.retry());
        operator = new Operator(overrider -> {
            overrider.withKubernetesClient(client).withCloseClientOnStop(false)
                    .withResourceCloner(new ShardedServiceReconciler.Same())
                    .withMetrics(MicrometerMetrics.withoutPerResourceMetrics(meters))
                    .withConcurrentReconciliationThreads(options.threads())
                    .withReconciliationTerminationTimeout(Duration.ofSeconds(10))
                    // A patch of what differs: it says nothing of the spec, and is the same on every API server.
                    .withUseSSAToPatchPrimaryResource(false).checkingCRDAndValidateLocalModel(false);
        });
    }

    /**
     * Starts to watch, and to work: with a lease, when it leads.
     *
     * @throws IOException if the port is taken
     */
    public void start() throws IOException {
        endpoints = new Endpoints(options.port(), () -> "", this::unready, meters);
        LOG.info("Health and metrics on port {}.", endpoints.port());
        gc.bindTo(meters);
        meters.gauge("solaster.operator.leading", this, process -> process.works() ? 1 : 0);
        meters.gauge("solaster.operator.plans.made", plansMade);
        Gauge.builder("solaster.operator.utilization.max", this, OperatorProcess::busiest).register(meters);
        OperatorMeters.bind(meters, board, reconciler);
        cluster.start();
        if (!options.namespaceSelector().isEmpty()) {
            select();
        }
        operator.register(reconciler, overrider -> {
            overrider.withRetry(new GenericRetry().withoutMaxAttempts().setInitialInterval(pace.retry().toMillis())
                    .setIntervalMultiplier(2).setMaxInterval(LONGEST_RETRY.toMillis())).withGenerationAware(false)
                    .withOnUpdateFilter(ShardedServiceChanges::matter);
            if (options.namespaces().isEmpty()) {
                overrider.watchingAllNamespaces();
            } else {
                overrider.settingNamespaces(options.namespaces());
            }
        });
        timer.scheduleWithFixedDelay(safely("plans", this::tick), pace.tick().toMillis(), pace.tick().toMillis(),
                TimeUnit.MILLISECONDS);
        timer.scheduleWithFixedDelay(safely("nodes set aside", this::sweep), pace.sweep().toMillis(),
                pace.sweep().toMillis(),
                TimeUnit.MILLISECONDS);
        timer.scheduleWithFixedDelay(safely("kinds", cluster::lookForKinds), pace.kinds().toMillis(),
                pace.kinds().toMillis(),
                TimeUnit.MILLISECONDS);
        timer.scheduleWithFixedDelay(safely("reports", this::ask), options.reportInterval().toMillis(),
                options.reportInterval().toMillis(), TimeUnit.MILLISECONDS);
        operator.start();
        started = true;
        // What is looked at before is left alone.
        if (leadership != null) {
            leadership.start(pace.lease());
        }
        LOG.info("Keeps services of {}.", options.namespaceSelector().isEmpty()
                ? options.namespaces().isEmpty() ? "all namespaces" : "namespaces " + options.namespaces()
                : "namespaces with labels " + options.namespaceSelector());
    }

    /** Where health and metrics are answered. */
    public int port() {
        return requireNonNull(endpoints).port();
    }

    /** How many reconciliations have ended. */
    long reconciliations() {
        return reconciler.ended();
    }

    /**
     * Follows the namespaces with the labels. Services are watched in all: to stop and start to watch some loses events of
     * the others.
     */
    private void select() {
        SharedIndexInformer<Namespace> informer = client.namespaces().withLabelSelector(options.namespaceSelector())
                .runnableInformer(0);
        selected = informer;
        informer.exceptionHandler((started, error) -> true);
        informer.start().toCompletableFuture().join();
        informer.addEventHandler(new ResourceEventHandler<>() {
            @Override
            public void onAdd(Namespace namespace) {
                changed("Keeps", namespace);
            }

            @Override
            public void onUpdate(Namespace before, Namespace now) {
                // Its labels still match.
            }

            @Override
            public void onDelete(Namespace namespace, boolean unknown) {
                changed("Keeps no more", namespace);
            }

            private void changed(String what, Namespace namespace) {
                LOG.info("{} services of namespace {}.", what, namespace.getMetadata().getName());
                replan.set(true);
                reconciler.poke(namespace.getMetadata().getName());
            }
        });
    }

    /** Whether it keeps the services of a namespace that it watches. */
    boolean keeps(String namespace) {
        SharedIndexInformer<Namespace> informer = selected;
        return informer == null || informer.getIndexer().getByKey(namespace) != null;
    }

    /** Whether it leads, and its caches are filled. */
    boolean works() {
        return started && leads();
    }

    private boolean leads() {
        return leadership == null || leadership.leads();
    }

    /** Nothing was done for what has come before. */
    private void beginsToLead() {
        replan.set(true);
        pokeAll();
    }

    private void pokeAll() {
        reconciler.services().forEach(service -> poke(PlanBoard.key(service)));
    }

    /** Another one may work now: whatever is under way here must not go on. */
    private void leadsNoMore() {
        if (!closing) {
            Runtime.getRuntime().halt(1);
        }
    }

    /** What the cluster tells, on the informers' threads. */
    private final class Changes implements Cluster.Listener {
        @Override
        public void planMayChange() {
            replan.set(true);
        }

        @Override
        public void podChanged(Pod pod) {
            if (reconciler.children().service(pod) != null) {
                affinity.look(pod);
            }
            poke(requireNonNull(Cluster.service(pod)));
        }

        @Override
        public void serviceChanged(String service) {
            poke(service);
        }

        @Override
        public void kindsChanged() {
            replan.set(true);
            pokeAll();
        }
    }

    /** Looks for kinds that have come or gone now, instead of at the next time. */
    void lookForKinds() {
        cluster.lookForKinds();
    }

    /** Has a service looked at again, by namespace/name. */
    void poke(String service) {
        int slash = service.indexOf('/');
        reconciler.poke(service.substring(0, slash), service.substring(slash + 1));
    }

    /**
     * Makes plans anew when the cluster has changed, and has those services looked at whose pods are planned otherwise now.
     * A plan that comes to the same with other figures, such as of CPUs that other pods have taken, is told later.
     */
    private void tick() {
        if (!works()) {
            return;
        }
        // To go through all services, of which one may have gone, is a third of what an idle operator does.
        int made = plansMade.get();
        if (!replan.get() && made == compared && !reconciler.looked().isLate() && ++ticks % TICKS != 0) {
            untold.tell(board.last().size(), System.nanoTime());
            return;
        }
        List<ShardedService> services = there();
        boolean anew = board.rested() && (replan.getAndSet(false) || board.behind(services));
        // Asked for before the plans are.
        boolean late = reconciler.looked().late();
        if (anew || made != compared || late) {
            Map<String, Answer> now = anew ? plansNow() : board.last();
            compared = made;
            untold.compare(System.nanoTime());
            for (ShardedService service : services) {
                String key = PlanBoard.key(service);
                Answer answer = now.get(key);
                if (answer != null && !reconciler.planned(service, answer)) {
                    untold.add(key);
                }
            }
            untold.retain(now.keySet());
            tellProfiles();
            // By now: what was seen of services that have come since the plans were made is not forgotten.
            reconciler.retain(byName(there()).keySet());
        } else if (profiles.owes() && ticks % RETRY_TICKS == 0) {
            // Seldom, since nobody may ever permit it. Plans have not changed: what waits for their rest does not wait for this.
            tellProfiles();
        }
        untold.tell(board.last().size(), System.nanoTime());
    }

    private void tellProfiles() {
        if (options.nodes() == NodeAccess.Declared) {
            profiles.tell(cluster.declared(), board.profiles(), board.problems());
        } else {
            profiles.tell(cluster.profiles(), board.profiles());
        }
    }

    /** All services that are not being deleted. */
    private List<ShardedService> there() {
        return reconciler.services().stream()
                .filter(service -> service.getMetadata().getDeletionTimestamp() == null).toList();
    }

    private Map<String, Answer> plansNow() {
        try {
            return board.all(this::there);
        } catch (RuntimeException e) {
            replan.set(true); // No further event would tell that they are still to be made.
            throw e;
        }
    }

    /** Gives nodes back whose time has come, and tells of objects that cannot be read whole. */
    void sweep() {
        if (works()) {
            reconciler.marks().sweep(cluster.nodes());
            reconciler.marks().unlabel(cluster.nodes(), needed());
            tellUnreadable();
        }
    }

    /** The labels of classes that pods of any service, workloads and plans go by: other operators have pods, too. */
    private Set<String> needed() {
        Set<String> needed = new HashSet<>(reconciler.children().classes());
        cluster.servicePods().forEach(pod -> needed.add(pod.getMetadata().getLabels().getOrDefault(Names.CLASS, "")));
        for (Answer answer : board.last().values()) {
            ServicePlan plan = answer.plan();
            if (plan != null && plan.verdict() != Verdict.Infeasible) {
                plan.classes().stream().filter(each -> each.replicas() > 0)
                        .forEach(each -> needed.add(Names.label(each.name())));
            }
        }
        return needed;
    }

    /** Each once, where it may write events: services say so themselves, too. */
    private void tellUnreadable() {
        Map<String, String> now = new HashMap<>();
        Stream.concat(cluster.unreadable(), reconciler.children().unreadable()).forEach(object -> {
            String name = Unreadable.name(object);
            String problem = Unreadable.of(object);
            String namespace = object.getMetadata().getNamespace();
            if (now.put(name, problem) == null && writes(namespace) && !problem.equals(unread.get(name))) {
                events.warning(object, Conditions.UNREADABLE, name + " cannot be read whole: " + problem);
            }
        });
        unread.clear();
        unread.putAll(now);
    }

    /** Whether it may write into a namespace; what has none lies in all of them. */
    private boolean writes(@Nullable String namespace) {
        return options.namespaces().isEmpty() || (namespace != null && options.namespaces().contains(namespace));
    }

    private void ask() {
        if (!works()) {
            return;
        }
        List<ShardedService> services = reconciler.services();
        Map<String, ShardedService> ours = byName(services);
        reports.ask(() -> owned(ours), pod -> poke(requireNonNull(Cluster.service(pod))));
        for (ShardedService service : services) {
            if (service.getSpec() != null
                    && (service.getSpec().autoscaling() != null || reconciler.unbalanced(service))) {
                poke(PlanBoard.key(service));
            }
        }
    }

    private static Map<String, ShardedService> byName(List<ShardedService> services) {
        Map<String, ShardedService> byName = new HashMap<>();
        services.forEach(service -> byName.put(PlanBoard.key(service), service));
        return byName;
    }

    /** The pods of these services, and none that only bear their label. */
    private List<Pod> owned(Map<String, ShardedService> services) {
        return cluster.servicePods().stream().filter(pod -> {
            ShardedService service = services.get(Cluster.service(pod));
            return service != null && reconciler.children().owns(service, pod);
        }).toList();
    }

    /** Runs a task again and again, whatever comes of it; what fails is told once, and once a minute while it lasts. */
    private static Runnable safely(String what, Runnable task) {
        return new Runnable() {
            private String last = "";
            private long at;

            @Override
            public void run() {
                try {
                    task.run();
                } catch (RuntimeException e) {
                    // The next time is soon; a timer that has thrown would never run again.
                    if (!last.equals(e.toString())) {
                        LOG.warn("Looking after {} failed and is tried again.", what, e);
                    } else if (System.nanoTime() - at >= QUIET) {
                        LOG.warn("Looking after {} fails still: {}", what, last);
                    } else {
                        return;
                    }
                    last = e.toString();
                    at = System.nanoTime();
                }
            }
        };
    }

    private String unready() {
        if (!cluster.healthy()) {
            return "informers are not in step yet";
        }
        if (operator.getRuntimeInfo().isStarted() && !operator.getRuntimeInfo().allEventSourcesAreHealthy()) {
            return "informers have lost the API server: " + operator.getRuntimeInfo().unhealthyEventSources().keySet();
        }
        return "";
    }

    /** How busy the busiest shard of all pods is, from 0 to 1. */
    private double busiest() {
        // Whoever asks before it leads, asks before there are caches.
        if (!works()) {
            return 0;
        }
        return owned(byName(reconciler.services())).stream().map(reports::load).filter(Objects::nonNull)
                .map(Objects::requireNonNull).mapToDouble(Load::max).max().orElse(0);
    }

    /** Lets what is under way end, gives the lease back and stops. */
    @Override
    public void close() {
        closing = true;
        timer.shutdownNow();
        operator.stop();
        if (leadership != null) {
            leadership.close();
        }
        cluster.close();
        SharedIndexInformer<Namespace> informer = selected;
        if (informer != null) {
            informer.close();
        }
        reports.close();
        gc.close();
        if (endpoints != null) {
            endpoints.close();
        }
    }
}
