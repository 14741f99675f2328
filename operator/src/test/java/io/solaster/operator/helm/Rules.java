package io.solaster.operator.helm;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.Role;

/** What the operator's chart permits it, as "group/resource verb"; the core group is empty. */
public record Rules(Set<String> everywhere, Set<String> inNamespaces, Set<String> lease) {

    /** With these values of the chart. */
    public static Rules of(String values) {
        Set<String> everywhere = new TreeSet<>();
        Set<String> inNamespaces = new TreeSet<>();
        Set<String> lease = new TreeSet<>();
        for (HasMetadata each : Chart.OPERATOR.render("image: {repository: a}", values)) {
            switch (each) {
                case ClusterRole role when role.getMetadata().getName().endsWith("kv-solaster-operator") ->
                    add(role.getRules(), everywhere);
                case Role role when role.getMetadata().getName().endsWith("-lease") -> add(role.getRules(), lease);
                case Role role -> add(role.getRules(), inNamespaces);
                default -> {
                }
            }
        }
        return new Rules(everywhere, inNamespaces, lease);
    }

    private static void add(List<PolicyRule> rules, Set<String> all) {
        for (PolicyRule rule : rules) {
            for (String group : rule.getApiGroups()) {
                for (String resource : rule.getResources()) {
                    rule.getVerbs().forEach(verb -> all.add(group + "/" + resource + " " + verb));
                }
            }
        }
    }
}
