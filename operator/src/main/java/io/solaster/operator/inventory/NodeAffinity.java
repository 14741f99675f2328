package io.solaster.operator.inventory;

import java.util.List;
import java.util.Map;
import java.util.Set;

import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes a required node affinity lets pods go to: those that meet all of any one term, as in the scheduler
 * ({@code staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity} of Kubernetes). Pure.
 */
public final class NodeAffinity {
    /** What a requirement may ask for. */
    public static final Set<String> OPERATORS = Set.of("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt");

    private NodeAffinity() {}

    /** Whether pods may go to a node, as far as the affinity goes. */
    public static boolean allows(NodeSelector required, NodeState node) {
        return required.getNodeSelectorTerms().stream().anyMatch(term -> meets(term, node));
    }

    private static boolean meets(NodeSelectorTerm term, NodeState node) {
        List<NodeSelectorRequirement> labels = or(term.getMatchExpressions());
        List<NodeSelectorRequirement> fields = or(term.getMatchFields());
        // A term that asks for nothing lets nothing through.
        return !(labels.isEmpty() && fields.isEmpty())
                && labels.stream().allMatch(each -> meets(each, node.labels()))
                && fields.stream().allMatch(each -> meets(each, Map.of("metadata.name", node.name())));
    }

    private static List<NodeSelectorRequirement> or(@Nullable List<NodeSelectorRequirement> requirements) {
        return requirements == null ? List.of() : requirements;
    }

    private static boolean meets(NodeSelectorRequirement requirement, Map<String, String> labels) {
        String value = labels.get(requirement.getKey());
        List<String> values = requirement.getValues();
        return switch (String.valueOf(requirement.getOperator())) {
            case "In" -> value != null && values.contains(value);
            case "NotIn" -> value == null || !values.contains(value);
            case "Exists" -> value != null;
            case "DoesNotExist" -> value == null;
            case "Gt" -> value != null && compared(value, values) > 0;
            case "Lt" -> value != null && compared(value, values) < 0;
            default -> false;
        };
    }

    /** How a label compares with the one number that is asked for; 0 if either is no number, which then matches nothing. */
    private static int compared(String value, List<String> values) {
        try {
            return values.size() == 1 ? Long.compare(Long.parseLong(value), Long.parseLong(values.getFirst())) : 0;
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
