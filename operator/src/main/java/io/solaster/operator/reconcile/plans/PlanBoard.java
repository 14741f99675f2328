package io.solaster.operator.reconcile.plans;

import static java.util.Objects.requireNonNullElse;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceSpec;
import io.solaster.operator.api.ShardedServiceSpec.Mode;
import io.solaster.operator.api.ShardedServiceSpec.PodExtras;
import io.solaster.operator.client.Unreadable;
import io.solaster.operator.inventory.InvalidObjectException;
import io.solaster.operator.inventory.Inventory;
import io.solaster.operator.inventory.NodeState;
import io.solaster.operator.inventory.ProfileFinding;
import io.solaster.operator.plan.Planner;
import io.solaster.operator.plan.Running;
import io.solaster.operator.plan.ServiceCheck;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import io.solaster.operator.plan.Verdict;
import io.solaster.operator.reconcile.status.Conditions;
import io.solaster.operator.reconcile.watch.Cluster;
import org.jspecify.annotations.Nullable;

/**
 * The plans of all services, made together: each takes its room before the next. The oldest come first, and those that
 * are only planned, or cannot be applied, last, since they take nothing. Plans are made anew when the cluster or what a service asks for has
 * changed, once for all that has changed meanwhile, and for the cluster's changes alone no more often than leaves time
 * for other things. Any thread.
 */
public final class PlanBoard {

    /**
     * A service's plan.
     *
     * @param plan null if none could be made
     * @param problem why not; empty if it could
     * @param reason that in one word, as a condition's reason; empty if it could
     */
    public record Answer(@Nullable ServicePlan plan, String problem, String reason) {

        public Answer(ServicePlan plan) {
            this(plan, "", "");
        }

        /** Whether that is the service's own fault, and not the cluster's. */
        public boolean invalid() {
            return !reason.isEmpty() && !reason.equals(Conditions.INVENTORY_UNREADABLE);
        }

        /** Whether it comes to the same as another, be it with other figures. */
        public boolean sameOutcome(Answer other) {
            if (plan == null || other.plan() == null) {
                return equals(other);
            }
            return plan.hash().equals(other.plan().hash()) && plan.verdict() == other.plan().verdict()
                    && plan.afterNodeLoss() == other.plan().afterNodeLoss();
        }
    }

    /** Making plans takes at most one part in so many of the time, where only the cluster changes. */
    private static final int PART = 5;
    private static final long LEAST_PAUSE = Duration.ofMillis(200).toNanos();

    /**
     * What a plan was made for.
     *
     * @param generation the spec's
     * @param asked what of the spec plans go by
     * @param shards of a pod, where autoscaling sets that; else 0
     * @param unread what of it could not be read; empty if all could
     * @param last whether it is planned after all others, since it cannot be applied
     */
    private record Asked(@Nullable Long generation, @Nullable ShardedServiceSpec asked, int shards, String unread,
            boolean last) {}

    /**
     * What was planned last. Who looks at it waits for nobody who makes plans anew.
     *
     * @param version the cluster's, before it was looked at
     * @param asked what each service asked for, by uid
     * @param answers the plans, by namespace/name
     * @param classes the class of each node that has one
     * @param labels the labels that the nodes of a class have
     * @param profiles what has come of the profiles
     * @param problems what was declared and cannot be read
     * @param leftOut how many nodes nothing can be planned on
     */
    private record Made(long version, Map<String, Asked> asked, Map<String, Answer> answers,
            Map<String, String> classes, Map<String, Map<String, String>> labels, List<ProfileFinding> profiles,
            List<String> problems, int leftOut) {}

    private static final Comparator<ShardedService> OLDEST = Comparator
            .comparing((ShardedService service) -> String.valueOf(service.getMetadata().getCreationTimestamp()))
            .thenComparing(PlanBoard::key);

    private final Cluster cluster;
    private final Runnable planned;
    private final Placements placements = new Placements();
    /** The specs that cannot be applied, by the service's uid. */
    private final Map<String, Long> refused = new ConcurrentHashMap<>();
    private volatile long pauseUntil = System.nanoTime();
    private volatile Made made = new Made(-1, Map.of(), Map.of(), Map.of(), Map.of(), List.of(), List.of(), 0);

    /**
     * A board without plans.
     *
     * @param planned hears of each time that plans are made
     */
    public PlanBoard(Cluster cluster, Runnable planned) {
        this.cluster = cluster;
        this.planned = planned;
    }

    /** Where services run, which plans go by. */
    public Placements placements() {
        return placements;
    }

    /**
     * The plan of a service. It goes by what this service asks for now, and by the others and the cluster as they were a
     * moment ago.
     *
     * @param service the service, as it is looked after
     * @param cached all services, as a cache has them
     */
    public Answer plan(ShardedService service, Supplier<List<ShardedService>> cached) {
        Answer known = known(service);
        return known == null ? make(service, cached) : known;
    }

    private synchronized Answer make(ShardedService service, Supplier<List<ShardedService>> cached) {
        // Who waited for plans to be made may find its own among them.
        Answer known = known(service);
        if (known != null) {
            return known;
        }
        // Asked for here, so that what has come meanwhile is in it.
        List<ShardedService> services = new ArrayList<>();
        boolean there = false;
        for (ShardedService each : cached.get()) {
            if (each.getMetadata().getDeletionTimestamp() == null) {
                services.add(each);
                there |= id(each).equals(id(service));
            }
        }
        if (!there) {
            services.add(service);
        }
        remake(services);
        return Objects.requireNonNull(made.answers().get(key(service)));
    }

    /** A service's plan as it was made last; null if it asks for something else now, or the cluster has changed. */
    private @Nullable Answer known(ShardedService service) {
        Made last = made;
        return (cluster.version() == last.version() || !rested()) && asAsked(last, service)
                ? last.answers().get(key(service))
                : null;
    }

    /**
     * The plans of services, by namespace/name, as the cluster is now.
     *
     * @param cached all services, as a cache has them
     */
    public synchronized Map<String, Answer> all(Supplier<List<ShardedService>> cached) {
        // Asked for here: who waited for plans to be made would leave out, and forget, what has come meanwhile.
        List<ShardedService> services = cached.get();
        if (cluster.version() != made.version() || behind(services)) {
            remake(services);
        }
        return made.answers();
    }

    /** The plans as they were made last, by namespace/name. */
    public Map<String, Answer> last() {
        return made.answers();
    }

    /** Whether enough time has passed since plans were made that they can be made for the cluster's changes alone. */
    public boolean rested() {
        return System.nanoTime() - pauseUntil >= 0;
    }

    /** Whether plans were made for other services than these, or for what they do not ask for any more. */
    public boolean behind(List<ShardedService> services) {
        Made last = made;
        if (services.size() != last.asked().size()) {
            return true;
        }
        for (ShardedService service : services) {
            if (!asAsked(last, service)) {
                return true;
            }
        }
        return false;
    }

    private void remake(List<ShardedService> services) {
        long begun = System.nanoTime();
        Map<String, Asked> now = new ConcurrentHashMap<>();
        services.forEach(service -> now.put(id(service), new Asked(service.getMetadata().getGeneration(),
                asked(service), placements.size(key(service)), Unreadable.of(service), refused(service))));
        refused.keySet().retainAll(now.keySet());
        made = make(services, now);
        long ended = System.nanoTime();
        pauseUntil = ended + Math.max(LEAST_PAUSE, (ended - begun) * (PART - 1));
        planned.run();
    }

    /** Whether a plan was made for what a service asks for; many changes are of what plans do not see. */
    private boolean asAsked(Made last, ShardedService service) {
        Asked before = last.asked().get(id(service));
        // This is asked of all services twice a second.
        if (before == null || before.last() != (!refused.isEmpty() && refused(service))
                || before.shards() != (placements.none() ? 0 : placements.size(key(service)))) {
            return false;
        }
        Long generation = service.getMetadata().getGeneration();
        if (generation == null || before.generation() == null || generation > before.generation()) {
            ShardedServiceSpec asked = asked(service);
            String unread = Unreadable.of(service);
            if (!Objects.equals(asked, before.asked()) || !unread.equals(before.unread())) {
                return false;
            }
            if (generation != null) {
                last.asked().replace(id(service), before,
                        new Asked(generation, asked, before.shards(), unread, before.last()));
            }
        }
        // One that was looked up before the plans were made is behind them, and is looked at again.
        return true;
    }

    /** A spec without what no plan looks at. */
    private static @Nullable ShardedServiceSpec asked(ShardedService service) {
        ShardedServiceSpec spec = service.getSpec();
        return spec == null
                ? null
                : new ShardedServiceSpec(spec.workload(), null, spec.replicas(), null, null, null, null, null, null,
                        null, null, null, null, null, null, spec.shards(), spec.placement(), spec.memory(),
                        spec.config(), spec.autoscaling(), spec.rollout(), spec.mode(), null, null,
                        spec.pod() == null
                                ? null
                                : new PodExtras(null, null, spec.pod().affinity(), spec.pod().initContainers(),
                                        spec.pod().sidecars()),
                        null, null, null);
    }

    /** A service that is deleted and made anew is another one. */
    private static String id(ShardedService service) {
        String uid = service.getMetadata().getUid();
        return uid == null ? key(service) : uid;
    }

    /** The labels that the nodes of a class have, as of the last plans. */
    public Map<String, String> labels(String topologyClass) {
        return made.labels().getOrDefault(topologyClass, Map.of());
    }

    /**
     * Says that a service's spec cannot be applied, whatever its plan: until it has another spec, or was applied after all,
     * it is planned after all others and takes only what they leave. What runs of it keeps its room.
     */
    public void refuse(ShardedService service) {
        refused.put(id(service), requireNonNullElse(service.getMetadata().getGeneration(), 0L));
    }

    /** Says that a service was applied. */
    public void applied(ShardedService service) {
        refused.remove(id(service));
    }

    private boolean refused(ShardedService service) {
        Long generation = refused.get(id(service));
        return generation != null
                && generation.equals(requireNonNullElse(service.getMetadata().getGeneration(), 0L));
    }

    /** Those that take nothing come last. */
    private static Comparator<ShardedService> order(Map<String, Asked> asked) {
        return Comparator.comparing((ShardedService service) -> {
            Asked its = asked.get(id(service));
            return service.getSpec().mode() == Mode.Plan || (its != null && its.last());
        }).thenComparing(OLDEST);
    }

    /** What has come of the profiles, as of the last plans. */
    public List<ProfileFinding> profiles() {
        return made.profiles();
    }

    /** What was declared and cannot be read, as of the last plans. */
    public List<String> problems() {
        return made.problems();
    }

    /** How many profiles are wrong, as of the last plans. */
    public int invalidProfiles() {
        Made last = made;
        return last.problems().size()
                + (int) last.profiles().stream().filter(each -> !each.problem().isEmpty()).count();
    }

    /** How many nodes nothing can be planned on since something about them is wrong, as of the last plans. */
    public int leftOut() {
        return made.leftOut();
    }

    /** The class of each node that has one, as of the last plans. */
    public Map<String, String> classes() {
        return made.classes();
    }

    private Made make(List<ShardedService> services, Map<String, Asked> asked) {
        // Before the look at the cluster: what changes while it is looked at makes another plan.
        long version = cluster.version();
        Made last = made;
        Map<String, Answer> answers = new HashMap<>();
        List<ShardedService> sound = new ArrayList<>();
        for (ShardedService service : services) {
            String unread = Unreadable.of(service);
            if (!unread.isEmpty()) {
                answers.put(key(service), new Answer(null, "ShardedService " + key(service)
                        + " cannot be read whole, and nothing of it is changed: " + unread, Conditions.UNREADABLE));
                continue;
            }
            try {
                ServiceCheck.check(service);
                sound.add(service);
            } catch (InvalidObjectException e) {
                answers.put(key(service),
                        new Answer(null, String.valueOf(e.getMessage()), Conditions.INVALID_SPEC));
            }
        }
        sound.sort(order(asked));
        Map<String, String> classes = last.classes();
        Map<String, Map<String, String>> labels = last.labels();
        List<ProfileFinding> profiles = last.profiles();
        List<String> problems = last.problems();
        int leftOut = last.leftOut();
        try {
            Inventory inventory = Inventory.ofWhatIsRight(cluster.objects(placements::whose));
            profiles = inventory.profiles();
            problems = inventory.problems();
            leftOut = inventory.leftOut().size();
            Map<String, String> named = new HashMap<>();
            Map<String, Map<String, String>> labelled = new HashMap<>();
            for (NodeState node : inventory.nodes()) {
                named.put(node.name(), node.topologyClass().name());
                labelled.putIfAbsent(node.topologyClass().name(), node.labels());
            }
            labels = labelled;
            List<ServicePlan> plans = Planner.plan(inventory, sound, placements.running(sound, last.answers()));
            for (int i = 0; i < plans.size(); i++) {
                answers.put(key(sound.get(i)), new Answer(plans.get(i)));
            }
            classes = named;
        } catch (InvalidObjectException e) {
            problems = List.of(String.valueOf(e.getMessage()));
            sound.forEach(service -> answers.put(key(service),
                    new Answer(null, String.valueOf(e.getMessage()), Conditions.INVENTORY_UNREADABLE)));
        }
        return new Made(version, asked, answers, classes, labels, profiles, problems, leftOut);
    }

    /**
     * The size that autoscaling may step to: of those that certainly fit and are up to a quarter larger than what is
     * asked for, the one that strands fewest CPUs; on the way up, where none of them fits, the largest below.
     *
     * @param all all services, as a cache has them
     * @param now shards of a pod now
     * @param asked shards of a pod that the load asks for
     * @param most the most that there may be
     * @return as many as now if no step fits
     */
    public synchronized int step(ShardedService service, List<ShardedService> all, int now, int asked, int most) {
        List<ShardedService> before = new ArrayList<>();
        Comparator<ShardedService> order = order(made.asked());
        for (ShardedService each : all) {
            if (!key(each).equals(key(service)) && answered(each) && order.compare(each, service) < 0) {
                before.add(each);
            }
        }
        before.sort(order);
        before.add(service);
        Inventory inventory = Inventory.ofWhatIsRight(cluster.objects(placements::whose));
        Map<String, Running> running = placements.running(before, made.answers());
        int largest = Math.min(asked > now ? most : now - 1, asked + asked / 4);
        int best = now;
        int fewest = Integer.MAX_VALUE;
        for (int shards = asked; shards <= largest; shards++) {
            int stranded = stranded(inventory, before, running, key(service), shards);
            if (stranded < fewest) {
                fewest = stranded;
                best = shards;
            }
        }
        for (int shards = asked - 1; best == now && shards > now; shards--) {
            if (stranded(inventory, before, running, key(service), shards) < Integer.MAX_VALUE) {
                best = shards;
            }
        }
        return best;
    }

    private boolean answered(ShardedService service) {
        Answer answer = made.answers().get(key(service));
        return answer != null && answer.plan() != null;
    }

    /** How many CPUs the last of services strands with pods of so many shards; the largest number if they do not fit. */
    private static int stranded(Inventory inventory, List<ShardedService> services, Map<String, Running> running,
            String key, int shards) {
        Map<String, Running> sized = new HashMap<>(running);
        Running now = running.get(key);
        sized.put(key, new Running(now == null ? Map.of() : now.replicas(), shards));
        ServicePlan plan = Planner.plan(inventory, services, sized).getLast();
        return plan.verdict() == Verdict.Feasible
                ? plan.classes().stream().filter(each -> each.replicas() > 0).mapToInt(ClassPlan::strandedCpus).sum()
                : Integer.MAX_VALUE;
    }

    /** Names a service: namespace/name. */
    public static String key(ShardedService service) {
        return service.getMetadata().getNamespace() + "/" + service.getMetadata().getName();
    }
}
