package io.solaster.operator.inventory;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.fabric8.kubernetes.api.model.Node;
import io.solaster.operator.api.TopologyProfile;

/**
 * What has come of a profile.
 *
 * @param name its name
 * @param nodes how many nodes it counts for
 * @param problem what is wrong, with the fix; empty if nothing is
 */
public record ProfileFinding(String name, int nodes, String problem) {

    /** @param read the nodes that could be read */
    static List<ProfileFinding> of(List<TopologyProfile> profiles, Collection<Node> all, List<NodeState> read) {
        Map<String, String> classes = new HashMap<>();
        read.forEach(node -> classes.put(node.name(), node.topologyClass().problem()));
        Map<String, Integer> nodes = new HashMap<>();
        Map<String, String> problems = new HashMap<>();
        for (Node node : all) {
            Map<String, String> labels = node.getMetadata().getLabels();
            TopologyProfile profile = Profiles.of(labels == null ? Map.of() : labels, profiles);
            if (profile != null) {
                nodes.merge(Profiles.name(profile), 1, Integer::sum);
                String why = classes.getOrDefault(node.getMetadata().getName(), "");
                if (!why.isEmpty()) {
                    problems.putIfAbsent(Profiles.name(profile), why);
                }
            }
        }
        return profiles.stream().sorted(Comparator.comparing(Profiles::name)).map(profile -> {
            String own = Profiles.problem(profile);
            return new ProfileFinding(Profiles.name(profile), nodes.getOrDefault(Profiles.name(profile), 0),
                    own.isEmpty() ? problems.getOrDefault(Profiles.name(profile), "") : own);
        }).toList();
    }
}
