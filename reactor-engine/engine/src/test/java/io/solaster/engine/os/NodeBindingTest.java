package io.solaster.engine.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import io.solaster.config.plan.Machine;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.SystemMemory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class NodeBindingTest {
    private static final String NODES = "/sys/devices/system/node/node";

    @TempDir
    Path directory;
    private FakeRoot root;
    private final List<String> calls = new ArrayList<>();
    private int answer;

    @BeforeEach
    void fourCpus() {
        root = new FakeRoot(directory).online("0-3").allowed("0-3");
    }

    private void node(int id, String cpus, long kilobytes) {
        root.file(NODES + id + "/cpulist", cpus).file(NODES + id + "/meminfo",
                "Node " + id + " MemTotal:       " + kilobytes + " kB");
    }

    private NodeBinding binding(Machine machine, int node) {
        return NodeBinding.of(machine, true, node, (address, bytes, mode, nodes, maxNode) -> {
            StringBuilder mask = new StringBuilder();
            for (long word : nodes) {
                mask.append(Long.toHexString(word)).append(',');
            }
            calls.add("mbind(" + address + ", " + bytes + ", " + mode + ", " + mask + " " + maxNode + ")");
            return answer;
        });
    }

    @Test
    void eachShardsMemoryIsPreferredFromItsOwnNode() {
        node(0, "0-1", 8 << 20);
        node(1, "2-3", 8 << 20);
        Machine machine = root.probe();
        NodeBinding second = binding(machine, 1);
        assertThat(second.bind(4096, 1 << 22)).isTrue();
        assertThat(binding(machine, 0).bind(8192, 1 << 22)).isTrue();
        assertThat(calls).containsExactly("mbind(4096, 4194304, 1, 2, 65)", "mbind(8192, 4194304, 1, 1, 65)");
        assertThat(second.node()).isEqualTo(1);
        assertThat(second.reason()).isEqualTo("bound to NUMA node 1");
    }

    @Test
    void numbersOfNodesMayHaveGapsAndBeLarge() {
        node(0, "0-1", 8 << 20);
        // Nodes 1 to 69 are offline: they have no directory.
        node(70, "2-3", 8 << 20);
        assertThat(binding(root.probe(), 70).bind(4096, 4096)).isTrue();
        assertThat(calls).containsExactly("mbind(4096, 4096, 1, 0,40, 129)");
    }

    @Test
    void oneNodeNeedsNoBinding() {
        node(0, "0-3", 8 << 20);
        NodeBinding only = binding(root.probe(), 0);
        assertThat(only.bind(4096, 4096)).isFalse();
        assertThat(only.reason()).isEqualTo("not bound: one NUMA node has all memory");
        assertThat(calls).isEmpty();
    }

    @Test
    void aMachineThatSaysNothingOfNodesNeedsNoBinding() {
        assertThat(binding(root.probe(), 0).bind(4096, 4096)).isFalse();
        assertThat(calls).isEmpty();
    }

    @Test
    void nodesWithoutMemoryOrWithoutProcessorsAreNoPlacesToBindTo() {
        node(0, "0-1", 8 << 20);
        node(1, "2-3", 0);
        assertThat(binding(root.probe(), 0).bind(4096, 4096)).as("no other has any").isFalse();
        node(2, "", 8 << 20);
        NodeBinding without = binding(root.probe(), 1);
        assertThat(without.bind(4096, 4096)).isFalse();
        assertThat(without.reason()).isEqualTo("not bound: NUMA node 1 has no memory");
        assertThat(calls).isEmpty();
        assertThat(binding(root.probe(), 0).bind(4096, 4096)).as("memory of node 2 lies farther").isTrue();
    }

    @Test
    void shardsThatMayBeAnywhereBindNothing() {
        node(0, "0-1", 8 << 20);
        node(1, "2-3", 8 << 20);
        assertThat(NodeBinding.of(root.probe(), false, 1).bind(4096, 4096)).isFalse();
    }

    @Test
    void aRefusalIsNoFailureAndIsNotAskedForAgain() {
        node(0, "0-1", 8 << 20);
        node(1, "2-3", 8 << 20);
        answer = -1;
        NodeBinding refused = binding(root.probe(), 1);
        assertThat(refused.bind(4096, 4096)).isFalse();
        assertThat(refused.bind(8192, 4096)).isFalse();
        assertThat(calls).hasSize(1);
        NodeBinding missing = NodeBinding.of(root.probe(), true, 0, (address, bytes, mode, nodes, maxNode) -> {
            throw new UnsatisfiedLinkError("no syscall");
        });
        assertThat(missing.bind(4096, 4096)).isFalse();
    }

    @Test
    void whatLiesElsewhereIsReadFromNumaMaps() {
        NumaMaps maps = NumaMaps.of("""
                55d0c8a00000 default file=/usr/bin/java mapped=2 N0=2 kernelpagesize_kB=4
                7f1000000000 prefer:1 anon=1024 dirty=1024 active=0 N0=24 N1=1000 kernelpagesize_kB=4
                7f1000400000 prefer:0 anon=1 dirty=1 N0=1 kernelpagesize_kB=2048
                7f1000800000 prefer:0
                7f1000c00000 bind:0 anon=7 N1=7 kernelpagesize_kB=4
                garbage
                """);
        assertThat(maps).isEqualTo(new NumaMaps(1024 * 4096 + (2 << 20), 24 * 4096));
        assertThat(NumaMaps.of("")).isEqualTo(new NumaMaps(0, 0));
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void theKernelTakesTheCallAndTellsOfIt() {
        node(0, "0-1", 8 << 20);
        node(1, "2-3", 8 << 20);
        // Two nodes as recorded, but node 0 is a real one on every machine that says anything of nodes.
        NodeBinding real = NodeBinding.of(root.probe(), true, 0);
        long bytes = 2 * SystemMemory.ALIGNMENT;
        long address = SystemMemory.SYSTEM.map(bytes);
        try {
            assumeTrue(KernelFiles.LIVE.text("/proc/self/numa_maps").contains("default"), "a kernel without NUMA");
            assumeTrue(real.bind(address, bytes), "mbind is refused here");
            for (long at = 0; at < bytes; at += 4096) {
                Memory.putByte(address + at, (byte) 1);
            }
            // This mapping alone: others of the process come and go.
            String line = KernelFiles.LIVE.text("/proc/self/numa_maps").lines()
                    .filter(each -> each.startsWith(Long.toHexString(address) + " ")).findFirst().orElseThrow();
            assertThat(line).contains(" prefer:0 ");
            assertThat(NumaMaps.of(line).bound()).isGreaterThanOrEqualTo(bytes);
        } finally {
            SystemMemory.SYSTEM.unmap(address, bytes);
        }
    }

    @Test
    void hugePagesAreTakenWhereTheKernelHasThem() {
        String enabled = "/sys/kernel/mm/transparent_hugepage/enabled";
        KernelFiles files = new KernelFiles(directory);
        assertThat(HugePages.probe(files).available()).as("it says nothing").isFalse();
        root.file(enabled, "always [madvise] never");
        assertThat(HugePages.probe(files)).isEqualTo(
                new HugePages(true, "the kernel says 'always [madvise] never' (" + enabled + ")"));
        root.file(enabled, "always madvise [never]");
        assertThat(HugePages.probe(files).available()).isFalse();
        root.file(enabled, "[always] madvise never").file("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size",
                "536870912");
        assertThat(HugePages.probe(files).reason())
                .isEqualTo("huge pages have 536870912 bytes here, and not 2097152");
    }
}
