package io.solaster.engine.os;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

import io.solaster.config.Internal;
import io.solaster.config.plan.Machine;
import io.solaster.config.plan.Machine.NumaNode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Binds what a shard maps to the NUMA node of its CPU: the kernel takes pages from there while that node has any, and from
 * the next one then (MPOL_PREFERRED; a strict policy would have the process killed instead). Without it the first touch
 * decides, which is the shard's own, unless the process runs under another policy ({@code numactl --interleave}), or khugepaged
 * puts small pages together elsewhere. Where the kernel refuses, the log says so once, and nothing else changes.
 * On the shard that the memory belongs to.
 */
@Internal
public final class NodeBinding {
    private static final Logger log = LoggerFactory.getLogger(NodeBinding.class);
    private static final AtomicBoolean TOLD = new AtomicBoolean();
    private static final int MPOL_PREFERRED = 1;
    private static final long MBIND = System.getProperty("os.arch").equals("aarch64") ? 235 : 237;
    private static final boolean CALLABLE = System.getProperty("os.name", "").startsWith("Linux")
            && (System.getProperty("os.arch").equals("aarch64") || System.getProperty("os.arch").equals("amd64"));

    /** The call; tests put another in its place. */
    @FunctionalInterface
    interface Kernel {
        /**
         * As the kernel's call.
         *
         * @param nodes a bit a node
         * @param maxNode one more than the bits that count, as the kernel reads it
         * @return 0, or the negative error number
         */
        int mbind(long address, long bytes, int mode, long[] nodes, long maxNode);
    }

    private final int node;
    private final String reason;
    private final Kernel kernel;
    private boolean refused;

    private NodeBinding(int node, String reason, Kernel kernel) {
        this.node = node;
        this.reason = reason;
        this.kernel = kernel;
    }

    /**
     * For the shard on a CPU of a node.
     *
     * @param pinned whether it stays there
     * @param node the kernel's number
     */
    public static NodeBinding of(Machine machine, boolean pinned, int node) {
        return CALLABLE
                ? of(machine, pinned, node, NodeBinding::call)
                : none("memory is bound on Linux only, on x86-64 and aarch64");
    }

    static NodeBinding of(Machine machine, boolean pinned, int node, Kernel kernel) {
        if (!pinned) {
            return none("shards are not pinned");
        }
        if (machine.numaNodes().stream().filter(each -> each.memory() > 0).count() < 2) {
            return none("one NUMA node has all memory");
        }
        Optional<NumaNode> own = machine.numaNodes().stream().filter(each -> each.id() == node).findFirst();
        if (own.isEmpty() || own.get().memory() == 0) {
            return none("NUMA node " + node + " has no memory");
        }
        return new NodeBinding(node, "bound to NUMA node " + node, kernel);
    }

    /** Binds nothing. */
    public static NodeBinding none(String why) {
        return new NodeBinding(-1, "not bound: " + why, (address, bytes, mode, nodes, maxNode) -> 0);
    }

    /** The node, or -1 for none. */
    public int node() {
        return node;
    }

    /** Whether memory is bound, and why not: a sentence without its end. */
    public String reason() {
        return reason;
    }

    /**
     * Binds pages that were mapped and not touched.
     *
     * @return whether it did
     */
    public boolean bind(long address, long bytes) {
        if (node < 0 || refused) {
            return false;
        }
        int result;
        try {
            BitSet mask = new BitSet();
            mask.set(node);
            long[] words = mask.toLongArray();
            result = kernel.mbind(address, bytes, MPOL_PREFERRED, words, words.length * (long) Long.SIZE + 1);
        } catch (LinkageError | RuntimeException e) {
            log.debug("mbind cannot be called", e);
            result = -38; // ENOSYS
        }
        if (result == 0) {
            return true;
        }
        refused = true;
        if (!TOLD.getAndSet(true)) {
            log.warn("Memory is not bound to NUMA node {}: mbind was refused with errno {}; it lies where it is touched"
                    + " first. Allow mbind in the container's seccomp profile, or set"
                    + " solaster.engine.memory.bind-nodes to false", node, -result);
        }
        return false;
    }

    private static int call(long address, long bytes, int mode, long[] nodes, long maxNode) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocateFrom(ValueLayout.JAVA_LONG, nodes);
            return (int) SystemCalls.call(MBIND, address, bytes, mode, mask.address(), maxNode, 0);
        }
    }
}
