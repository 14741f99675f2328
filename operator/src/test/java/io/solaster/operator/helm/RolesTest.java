package io.solaster.operator.helm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBinding;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.solaster.operator.reconcile.Permissions;
import io.solaster.operator.reconcile.Permissions.Scope;
import io.solaster.operator.reconcile.watch.NodeAccess;
import org.junit.jupiter.api.Test;

/** The chart's roles permit what the operator's list names, and no more. */
class RolesTest {
    private static final String SELECTED = "watch: {namespaceSelector: solaster=enabled}";
    private static final String NAMESPACED = "rbac: {scope: Namespaced}\nwatch: {namespaces: [shop, bank]}";
    private static final String READ = NAMESPACED + "\nnodes: {access: Read}";
    private static final String DECLARED = NAMESPACED + """

            nodes:
              access: Declared
              profiles: [{name: big, nodes: 6, spec: {numaNodes: [{cpus: 0-15, memory: 64Gi}], reservedCPUs: "0"}}]
            """;
    /** Not asked for by the operator, but by clusters that check who may set blockOwnerDeletion. */
    private static final String FINALIZERS = "solaster.io/shardedservices/finalizers update";

    private static List<HasMetadata> render(String values) {
        return Chart.OPERATOR.render("image: {repository: a}", values);
    }

    private static Set<String> listed(Scope... scopes) {
        return listed(NodeAccess.Label, scopes);
    }

    private static Set<String> listed(NodeAccess nodes, Scope... scopes) {
        Set<String> all = new TreeSet<>();
        for (Permissions.Rule rule : Permissions.rules(nodes)) {
            if (List.of(scopes).contains(rule.scope())) {
                rule.verbs().forEach(verb -> all.add(rule.group() + "/" + rule.resource() + " " + verb));
            }
        }
        if (List.of(scopes).contains(Scope.Namespaces)) {
            all.add(FINALIZERS);
        }
        return all;
    }

    private static Set<String> granted(List<PolicyRule> rules) {
        Set<String> all = new TreeSet<>();
        for (PolicyRule rule : rules) {
            for (String group : rule.getApiGroups()) {
                for (String resource : rule.getResources()) {
                    rule.getVerbs().forEach(verb -> all.add(group + "/" + resource + " " + verb));
                }
            }
        }
        return all;
    }

    private static Set<String> cluster(List<HasMetadata> all) {
        return granted(((ClusterRole) Chart.named(all, "ClusterRole", "shop-kv-solaster-operator")).getRules());
    }

    @Test
    void theClustersRoleHasAll() {
        assertThat(cluster(render(SELECTED))).isEqualTo(listed(Scope.Cluster, Scope.Namespaces));
    }

    @Test
    void namespacesAreReadOnlyToSelectThem() {
        Set<String> all = listed(Scope.Cluster, Scope.Namespaces);
        all.removeIf(rule -> rule.startsWith("/namespaces "));
        assertThat(cluster(render(""))).isEqualTo(all);
    }

    @Test
    void namespacesHaveRolesOfTheirOwnWhereNoOthersAreKept() {
        List<HasMetadata> all = render(NAMESPACED);
        Set<String> cluster = listed(Scope.Cluster);
        cluster.removeIf(rule -> rule.startsWith("/namespaces "));
        assertThat(cluster(all)).isEqualTo(cluster);
        assertThat(cluster).allMatch(rule -> rule.matches(".* (list|watch)|/nodes (get|patch)|.*/status patch"));
        List<Role> roles = all.stream().filter(Role.class::isInstance).map(Role.class::cast)
                .filter(role -> !role.getMetadata().getName().endsWith("-lease")).toList();
        assertThat(roles).extracting(role -> role.getMetadata().getNamespace()).containsExactlyInAnyOrder("shop",
                "bank");
        assertThat(roles).allMatch(role -> granted(role.getRules()).equals(listed(Scope.Namespaces)));
    }

    private static List<Role> kept(List<HasMetadata> all) {
        return all.stream().filter(Role.class::isInstance).map(Role.class::cast)
                .filter(role -> List.of("shop", "bank").contains(role.getMetadata().getNamespace())
                        && role.getMetadata().getName().equals("kv-solaster-operator"))
                .toList();
    }

    @Test
    void nodesAreOnlyReadWhereItIsSaidSo() {
        List<HasMetadata> all = render(READ);
        Set<String> cluster = listed(NodeAccess.Read, Scope.Cluster);
        cluster.removeIf(rule -> rule.startsWith("/namespaces "));
        assertThat(cluster(all)).isEqualTo(cluster);
        assertThat(cluster).allMatch(rule -> rule.matches(".* (list|watch)|.*/topologyprofiles/status patch"));
        assertThat(kept(all)).hasSize(2)
                .allMatch(role -> granted(role.getRules()).equals(listed(NodeAccess.Read, Scope.Namespaces)));
    }

    @Test
    void nothingOfTheClusterIsPermittedWhereNodesAreDeclared() {
        List<HasMetadata> all = render(DECLARED);
        assertThat(all).noneMatch(each -> each.getKind().startsWith("Cluster"));
        assertThat(kept(all)).hasSize(2)
                .allMatch(role -> granted(role.getRules()).equals(listed(NodeAccess.Declared, Scope.Namespaces)));
        Role nodes = (Role) Chart.named(all, "Role", "kv-solaster-operator-nodes");
        assertThat(granted(nodes.getRules())).isEqualTo(listed(NodeAccess.Declared, Scope.Profiles));
        assertThat(nodes.getRules()).singleElement()
                .matches(rule -> rule.getResourceNames().equals(List.of("kv-solaster-operator-nodes")));
        assertThat(Chart.named(all, "ConfigMap", "kv-solaster-operator-nodes").getMetadata().getNamespace())
                .isNull();
    }

    @Test
    void theLeaseIsTheOnlyOne() {
        Role lease = (Role) Chart.named(render(""), "Role", "kv-solaster-operator-lease");
        assertThat(lease.getMetadata().getNamespace()).isEqualTo("shop");
        assertThat(granted(lease.getRules())).isEqualTo(listed(Scope.Lease));
        // What is not there yet has no name to go by.
        assertThat(lease.getRules()).allMatch(rule -> rule.getVerbs().equals(List.of("create"))
                ? rule.getResourceNames().isEmpty()
                : rule.getResourceNames().equals(List.of("solaster-operator")));
    }

    @Test
    void everyRoleIsTheOperators() {
        for (String values : List.of("", SELECTED, NAMESPACED, READ, DECLARED,
                "serviceAccount: {create: false, name: there}")) {
            List<HasMetadata> all = render(values);
            String account = values.contains("there") ? "there" : "kv-solaster-operator";
            for (HasMetadata each : all) {
                if (each instanceof RoleBinding binding) {
                    assertThat(Chart.named(all.stream().filter(other -> binding.getMetadata().getNamespace()
                            .equals(other.getMetadata().getNamespace())).toList(), "Role",
                            binding.getRoleRef().getName()))
                            .isNotNull();
                    assertThat(binding.getSubjects()).singleElement().matches(
                            subject -> subject.getName().equals(account) && subject.getNamespace().equals("shop"));
                }
                if (each instanceof ClusterRoleBinding binding) {
                    assertThat(Chart.named(all, "ClusterRole", binding.getRoleRef().getName())).isNotNull();
                    assertThat(binding.getSubjects()).singleElement().matches(
                            subject -> subject.getName().equals(account) && subject.getNamespace().equals("shop"));
                }
            }
        }
        assertThat(render("rbac: {create: false}")).noneMatch(each -> each.getKind().contains("Role"));
    }

    @Test
    void nothingIsPermittedAtLarge() {
        for (HasMetadata each : render(SELECTED)) {
            Set<String> rules = switch (each) {
                case ClusterRole role -> granted(role.getRules());
                case Role role -> granted(role.getRules());
                default -> Set.of();
            };
            assertThat(rules).noneMatch(rule -> rule.contains("*") || rule.startsWith("/secrets")
                    || rule.matches(".* (escalate|bind|impersonate)"));
        }
    }
}
