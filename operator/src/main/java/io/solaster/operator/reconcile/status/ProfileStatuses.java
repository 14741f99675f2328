package io.solaster.operator.reconcile.status;

import java.net.HttpURLConnection;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.api.TopologyProfileStatus;
import io.solaster.operator.inventory.ProfileFinding;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says in the status of each profile whether it can be planned by; of one that only a ConfigMap has, and that has no status,
 * in the log and an event. For one thread.
 */
public final class ProfileStatuses {
    private static final Logger LOG = LoggerFactory.getLogger(ProfileStatuses.class);

    private final KubernetesClient client;
    private final InstantSource clock;
    private final EventLog events;
    private final Predicate<String> writes;
    /** What each was told last, which a cache may not have yet, with the version that it had then; by name. */
    private final Map<String, Told> told = new HashMap<>();

    private record Told(String version, TopologyProfileStatus status) {}

    /** Why statuses could not be written, as it was logged; by name. */
    private final Map<String, String> unwritten = new HashMap<>();

    /** What was told last of what a ConfigMap declares. */
    private Set<String> declared = Set.of();

    /**
     * One that has told nothing yet.
     *
     * @param writes in which namespaces it may write events
     */
    public ProfileStatuses(KubernetesClient client, InstantSource clock, EventLog events, Predicate<String> writes) {
        this.client = client;
        this.clock = clock;
        this.events = events;
        this.writes = writes;
    }

    /** Writes the statuses that are others than before. */
    public void tell(List<TopologyProfile> profiles, List<ProfileFinding> findings) {
        Map<String, ProfileFinding> byName = new HashMap<>();
        findings.forEach(finding -> byName.put(finding.name(), finding));
        told.keySet().retainAll(byName.keySet());
        unwritten.keySet().retainAll(byName.keySet());
        for (TopologyProfile profile : profiles) {
            ProfileFinding finding = byName.get(profile.getMetadata().getName());
            if (finding != null) {
                tell(profile, finding);
            }
        }
    }

    /** Whether a status could not be written, so that it is to be told again though nothing has changed. */
    public boolean owes() {
        return !unwritten.isEmpty();
    }

    /**
     * Tells once what is wrong with what a ConfigMap declares.
     *
     * @param map null if there is none
     * @param problems what of it cannot be read
     */
    public void tell(@Nullable ConfigMap map, List<ProfileFinding> findings, List<String> problems) {
        Set<String> now = new LinkedHashSet<>(problems);
        findings.stream().map(ProfileFinding::problem).filter(problem -> !problem.isEmpty()).forEach(now::add);
        for (String problem : now) {
            if (!declared.contains(problem)) {
                LOG.warn("{}; no plan goes by it.", problem);
                if (map != null && writes.test(map.getMetadata().getNamespace())) {
                    events.warning(map, "InvalidProfile", problem);
                }
            }
        }
        declared = now;
    }

    private void tell(TopologyProfile profile, ProfileFinding finding) {
        String version = String.valueOf(profile.getMetadata().getResourceVersion());
        Told last = told.get(finding.name());
        TopologyProfileStatus before = last != null && last.version().equals(version)
                ? last.status()
                : profile.getStatus();
        Long generation = profile.getMetadata().getGeneration();
        Conditions conditions = new Conditions(before == null ? null : before.conditions(), generation,
                clock.instant());
        boolean valid = finding.problem().isEmpty();
        conditions.set(Conditions.VALID, valid,
                valid ? finding.nodes() == 0 ? "NoNodes" : "CountsForNodes" : "InvalidProfile",
                valid ? "Nodes that it counts for: " + finding.nodes() + "." : finding.problem());
        TopologyProfileStatus now = new TopologyProfileStatus(generation, finding.nodes(), conditions.list());
        String problem = unwritten.remove(finding.name());
        if (now.equals(before)) {
            return;
        }
        if (!valid && problem == null) {
            LOG.warn("{}; its {} nodes are left out of all plans.", finding.problem(), finding.nodes());
        }
        try {
            client.resource(profile).subresource("status").patch(PatchContext.of(PatchType.JSON),
                    "[{\"op\":\"add\",\"path\":\"/status\",\"value\":"
                            + client.getKubernetesSerialization().asJson(now) + "}]");
            told.put(finding.name(), new Told(version, now));
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
                String why = String.valueOf(e.getMessage());
                unwritten.put(finding.name(), why);
                if (!why.equals(problem)) {
                    LOG.warn("The status of TopologyProfile {} could not be written, which is tried again: {}",
                            finding.name(), why);
                }
            }
        }
    }
}
