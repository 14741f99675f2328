package io.solaster.operator.rollout;

import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceStatus.RolloutStatus;
import io.solaster.operator.apply.ApplyException;
import io.solaster.operator.apply.Manifests;
import io.solaster.operator.observe.Reports;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.rollout.RolloutState.Attempt;
import io.solaster.operator.rollout.RolloutState.Failure;
import io.solaster.operator.rollout.RolloutState.Phase;
import io.solaster.operator.rollout.RolloutState.Reload;
import io.solaster.operator.rollout.Stage.Note;
import io.solaster.operator.rollout.Stage.Word;
import org.jspecify.annotations.Nullable;

/**
 * Puts changes of services in force step by step, and takes back those that fall short. All that it must know later is
 * written before anything is changed, so that another operator goes on where this one ended. Any thread, one at a time
 * for each service.
 */
public final class Rollouts {
    /** Time alone may be what is waited for. */
    private static final Duration AGAIN = Duration.ofSeconds(5);

    private final RolloutStore store;
    private final Reports reports;
    private final InstantSource clock;

    public Rollouts(KubernetesClient client, Reports reports, InstantSource clock) {
        store = new RolloutStore(client, clock);
        this.reports = reports;
        this.clock = clock;
    }

    /**
     * Decides what comes next.
     *
     * @param wanted the objects that the spec asks for
     * @param children what there is of them, as a cache has it
     * @param pods the service's pods
     */
    public Stage advance(ShardedService service, ServicePlan plan, List<HasMetadata> wanted,
            Collection<HasMetadata> children, List<Pod> pods) {
        RolloutState before = store.read(service);
        Scene scene = scene(service, plan, wanted, pods);
        Course course = new Course(scene);
        RolloutState state = course.next(before);
        store.write(service, state);
        Shape shape = new Shape(scene, state, course.changed(state));
        boolean waits = state.attempt() != null || state.reload() != null;
        return new Stage(shape.of(wanted), shape.mounted(), shape.stuck(children), shape.otherSize(),
                course.progressing, course.degraded, course.events,
                status(state, course.progressing == null ? "" : course.progressing.message()), waits ? AGAIN : null);
    }

    /**
     * Changes nothing, and has time stand still for what is under way.
     *
     * @param wanted the objects that the spec asks for; null if it cannot be told
     * @param why it stands still
     */
    public Stage hold(ShardedService service, @Nullable ServicePlan plan, @Nullable List<HasMetadata> wanted,
            List<Pod> pods, String why) {
        RolloutState state = store.read(service);
        if (!state.suspended() && (state.attempt() != null || state.reload() != null)) {
            state = state.suspended(true);
            store.write(service, state);
        }
        Failure failure = state.failure();
        Word degraded = failure == null ? null : new Word(failure.reason(), failure.message() + ".");
        RolloutStatus status = status(state, "Stands still: " + why);
        if (plan == null || wanted == null) {
            return new Stage(List.of(), Set.of(), List.of(), Set.of(), null, degraded, List.<Note>of(), status, null);
        }
        Scene scene = scene(service, plan, wanted, pods);
        Shape shape = new Shape(scene, state, new Course(scene).changed(state));
        return new Stage(shape.of(wanted), shape.mounted(), List.of(), shape.otherSize(), null, degraded,
                List.<Note>of(), status, null);
    }

    /** Why what must be known later of a service is kept in memory alone; null if it is not. */
    public @Nullable ApplyException trouble(ShardedService service) {
        return store.trouble(service);
    }

    private Scene scene(ShardedService service, ServicePlan plan, List<HasMetadata> wanted, List<Pod> pods) {
        List<Workload> workloads = new ArrayList<>();
        String configName = "";
        String yaml = "";
        for (HasMetadata object : wanted) {
            Workload workload = Workload.of(object, plan);
            if (workload != null) {
                workloads.add(workload);
            } else if (object instanceof ConfigMap map) {
                configName = map.getMetadata().getName();
                yaml = map.getData().getOrDefault(Manifests.CONFIG_FILE, "");
            }
        }
        return new Scene(Objects.requireNonNullElse(service.getMetadata().getGeneration(), 0L),
                Settings.retry(service), Settings.of(service.getSpec()), workloads, configName, yaml, pods,
                reports::of, reports::traffic, clock.instant());
    }

    private static @Nullable RolloutStatus status(RolloutState state, String message) {
        Attempt attempt = state.attempt();
        Reload reload = state.reload();
        Failure failure = state.failure();
        if (attempt != null) {
            String phase = attempt.phase() == Phase.ROLLING
                    ? "Rolling"
                    : attempt.phase() == Phase.OBSERVING ? "Observing" : "Canary";
            return new RolloutStatus(state.suspended() ? "Suspended" : phase, attempt.generation(),
                    attempt.since().truncatedTo(ChronoUnit.SECONDS).toString(), message);
        }
        if (reload != null) {
            return new RolloutStatus(state.suspended() ? "Suspended" : "Reloading", reload.generation(),
                    reload.since().truncatedTo(ChronoUnit.SECONDS).toString(), message);
        }
        return failure == null
                ? null
                : new RolloutStatus("RolledBack", failure.generation(),
                        failure.at().truncatedTo(ChronoUnit.SECONDS).toString(), failure.message() + ".");
    }

    /**
     * Forgets services.
     *
     * @param which by namespace/name
     */
    public void forget(Predicate<String> which) {
        store.forget(which);
    }

    /** Whether it is the Deployment of a canary, which goes as soon as it is not wanted. */
    public static boolean isCanary(HasMetadata object) {
        Map<String, String> labels = object.getMetadata().getLabels();
        return object instanceof Deployment && labels != null && Workload.CANARY.equals(labels.get(Workload.TRACK));
    }

    /** How many of a Deployment's pods its canary has at present. */
    public static int lent(HasMetadata object) {
        Map<String, String> annotations = object.getMetadata().getAnnotations();
        String lent = annotations == null ? null : annotations.get(Workload.LENT);
        return lent == null || !lent.matches("\\d{1,6}") ? 0 : Integer.parseInt(lent);
    }
}
