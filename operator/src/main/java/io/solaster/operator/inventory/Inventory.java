package io.solaster.operator.inventory;

import java.util.List;
import java.util.SortedMap;

import io.fabric8.kubernetes.api.model.Pod;

/**
 * What a cluster has: its nodes with what is free on them, grouped into classes of nodes that are alike. Immutable; any
 * thread may use it.
 */
public final class Inventory {
    private final List<TopologyClass> classes;
    private final List<NodeState> nodes;
    private final SortedMap<String, String> leftOut;
    private final List<ProfileFinding> profiles;
    private final List<String> problems;

    Inventory(List<TopologyClass> classes, List<NodeState> nodes, SortedMap<String, String> leftOut,
            List<ProfileFinding> profiles, List<String> problems) {
        this.classes = classes;
        this.nodes = nodes;
        this.leftOut = leftOut;
        this.profiles = profiles;
        this.problems = problems;
    }

    /**
     * Reads what a cluster says, all of which must be right: it was handed in by whoever can mend it.
     *
     * @throws InvalidObjectException naming the object, the value and the fix
     */
    public static Inventory of(ClusterObjects objects) {
        InventoryReader reader = new InventoryReader(objects);
        Inventory inventory = reader.read();
        InvalidObjectException first = reader.first();
        if (first != null) {
            throw first;
        }
        return inventory;
    }

    /**
     * Reads what a cluster says, as far as it can be read: a node of which something is wrong, be it a profile, a pod or the
     * node itself, is {@link #leftOut}, and all others are as ever.
     */
    public static Inventory ofWhatIsRight(ClusterObjects objects) {
        return new InventoryReader(objects).read();
    }

    /** Whether two versions of a pod ask for the same, as the scheduler counts it; which may change while the pod runs. */
    public static boolean sameRequests(Pod before, Pod now) {
        return Requests.same(before, now);
    }

    /** The nodes that nothing can be planned on since something about them is wrong, by name, with what that is. */
    public SortedMap<String, String> leftOut() {
        return leftOut;
    }

    /** What was declared and cannot be read, of which no node is known, with the fix. */
    public List<String> problems() {
        return problems;
    }

    /** What has come of the profiles, by name. */
    public List<ProfileFinding> profiles() {
        return profiles;
    }

    /** The classes, by name. */
    public List<TopologyClass> classes() {
        return classes;
    }

    /** The nodes, by name. */
    public List<NodeState> nodes() {
        return nodes;
    }
}
