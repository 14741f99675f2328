package io.solaster.engine.os;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import io.solaster.config.plan.Machine;
import io.solaster.config.plan.Machine.Core;
import io.solaster.config.plan.Machine.NumaNode;
import io.solaster.config.value.CpuSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class MachineProbeTest {
    private static final long GIB = 1L << 30;

    @TempDir
    Path directory;
    private FakeRoot root;

    @BeforeEach
    void eightCpus() {
        root = new FakeRoot(directory).online("0-7").allowed("0-7");
    }

    @Test
    void readsTwoSocketsWithTwoThreadsACore() {
        for (int cpu = 0; cpu < 8; cpu++) {
            int socket = cpu % 4 / 2;
            root.cpu(cpu, "topology/core_cpus_list", cpu % 4 + "," + (cpu % 4 + 4))
                    .cpu(cpu, "topology/physical_package_id", "" + socket)
                    .cpu(cpu, "cache/index0/level", "1").cpu(cpu, "cache/index0/shared_cpu_list", "" + cpu)
                    .cpu(cpu, "cache/index3/level", "3")
                    .cpu(cpu, "cache/index3/shared_cpu_list", socket == 0 ? "0-1,4-5" : "2-3,6-7");
        }
        root.file("/sys/devices/system/node/node0/cpulist", "0-1,4-5")
                .file("/sys/devices/system/node/node0/meminfo",
                        "Node 0 MemTotal:       8388608 kB\nNode 0 MemFree: 1 kB")
                .file("/sys/devices/system/node/node1/cpulist", "2-3,6-7")
                .file("/sys/devices/system/node/node1/meminfo", "Node 1 MemTotal:       4194304 kB")
                .file("/sys/devices/system/node/possible", "0-1");
        root.file("/proc/self/limits", """
                Limit                     Soft Limit           Hard Limit           Units
                Max open files            1024                 524288               files
                Max locked memory         unlimited            unlimited            bytes""");

        Machine machine = root.probe();

        assertThat(machine.cores()).containsExactly(core(0, "0,4"), core(0, "1,5"), core(1, "2,6"), core(1, "3,7"));
        assertThat(machine.l3Groups()).containsExactly(cpus("0-1,4-5"), cpus("2-3,6-7"));
        assertThat(machine.numaNodes()).containsExactly(new NumaNode(0, cpus("0-1,4-5"), 8 * GIB),
                new NumaNode(1, cpus("2-3,6-7"), 4 * GIB));
        assertThat(machine.openFiles()).isEqualTo(1024);
        assertThat(machine.memlock()).isEqualTo(Long.MAX_VALUE);
        assertThat(machine.cpuQuota()).isEmpty();
        assertThat(machine.memoryLimit()).isEmpty();
        assertThat(machine.isolated()).isEqualTo(CpuSet.EMPTY);
    }

    @Test
    void keepsCoresOfOnlineCpusAlsoWhereNotAllowed() {
        for (int cpu = 0; cpu < 8; cpu++) {
            root.cpu(cpu, "topology/thread_siblings_list", cpu / 2 * 2 + "-" + (cpu / 2 * 2 + 1));
        }
        root.online("0,2-6").allowed("1,3,5-9").file("/sys/devices/system/cpu/isolated", "6-7");

        Machine machine = root.probe();

        assertThat(machine.online()).isEqualTo(cpus("0,2-6"));
        assertThat(machine.allowed()).isEqualTo(cpus("3,5-6"));
        assertThat(machine.isolated()).isEqualTo(cpus("6"));
        assertThat(machine.cores()).extracting(Core::cpus).containsExactly(cpus("0"), cpus("2-3"), cpus("4-5"),
                cpus("6"));
    }

    @Test
    void findsTheLevelThreeCacheUnderAnyIndex() {
        root.online("0-1").cpu(0, "cache/index0/level", "1").cpu(0, "cache/index1/level", "2")
                .cpu(0, "cache/index2/level", "3").cpu(0, "cache/index2/shared_cpu_list", "0-1")
                .cpu(0, "cache/index3/level", "4").cpu(0, "cache/index3/shared_cpu_list", "0-7");

        assertThat(root.probe().l3Groups()).containsExactly(cpus("0-1"));
    }

    @Test
    void readsCapacitiesOfArm() {
        for (int cpu = 0; cpu < 4; cpu++) {
            root.cpu(cpu, "cpu_capacity", cpu < 2 ? "446" : "1024");
        }

        assertThat(root.online("0-3").probe().cores()).extracting(Core::capacity).containsExactly(446, 446, 1024, 1024);
    }

    @Test
    void takesIntelsEfficiencyCoresForSlower() {
        root.file("/sys/devices/cpu_core/cpus", "0-3").file("/sys/devices/cpu_atom/cpus", "4-7");
        root.cpu(0, "topology/core_cpus_list", "0-1").cpu(2, "topology/core_cpus_list", "2-3");

        assertThat(root.probe().cores()).extracting(Core::capacity).containsExactly(1024, 1024, 600, 600, 600, 600);

        root.cpu(0, "acpi_cppc/highest_perf", "64").cpu(4, "acpi_cppc/highest_perf", "40").cpu(4, "cpu_capacity",
                "1024");

        assertThat(root.probe().cores()).extracting(Core::capacity).containsExactly(1024, 1024, 640, 600, 600, 600);
    }

    @Test
    void tellsSlowerCoresFromARankingOfEqualOnes() {
        int[] performance = {236, 231, 166, 118};
        for (int cpu = 0; cpu < 4; cpu++) {
            root.cpu(cpu, "acpi_cppc/highest_perf", "" + performance[cpu]);
        }

        assertThat(root.online("0-3").probe().cores()).extracting(Core::capacity).containsExactly(1024, 1024, 1024,
                512);
    }

    @Test
    void takesAllForOneNodeWithoutNuma() {
        root.file("/proc/meminfo", "MemTotal:        2097152 kB\nMemFree:          102400 kB");

        assertThat(root.probe().numaNodes()).containsExactly(new NumaNode(0, cpus("0-7"), 2 * GIB));
    }

    @Test
    void keepsNodesWithoutCpusOrMemory() {
        root.file("/sys/devices/system/node/node10/cpulist", "").file("/sys/devices/system/node/node10/meminfo",
                "Node 10 MemTotal:       1048576 kB").file("/sys/devices/system/node/node2/cpulist", "0-7")
                .file("/sys/devices/system/node/node2/meminfo", "Node 2 MemTotal:       0 kB");

        assertThat(root.probe().numaNodes()).containsExactly(new NumaNode(2, cpus("0-7"), 0),
                new NumaNode(10, CpuSet.EMPTY, GIB));
    }

    @Test
    void readsLimitsOfCgroupVersionOne() {
        root.file("/proc/self/cgroup", """
                5:cpu,cpuacct:/app
                4:memory:/app
                0::/""").file("/proc/self/mountinfo", """
                33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
                34 31 0:31 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
                41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw""");
        root.group("/cpu,cpuacct/app/cpu.cfs_quota_us", "150000").group("/cpu,cpuacct/app/cpu.cfs_period_us", "100000")
                .group("/cpu,cpuacct/cpu.cfs_quota_us", "-1").group("/cpu,cpuacct/cpu.cfs_period_us", "100000")
                .group("/memory/app/memory.limit_in_bytes", "9223372036854771712")
                .group("/memory/memory.limit_in_bytes", "1073741824");

        assertThat(root.probe().cpuQuota()).hasValue(1.5);
        assertThat(root.probe().memoryLimit()).hasValue(GIB);
    }

    @Test
    void takesVersionOneWithoutLimitsForNone() {
        root.file("/proc/self/cgroup", "4:cpu:/\n3:memory:/").file("/proc/self/mountinfo", """
                33 31 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
                34 31 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory""");
        root.group("/cpu/cpu.cfs_quota_us", "-1").group("/cpu/cpu.cfs_period_us", "100000")
                .group("/memory/memory.limit_in_bytes", "9223372036854771712");

        assertThat(root.probe().cpuQuota()).isEmpty();
        assertThat(root.probe().memoryLimit()).isEmpty();
    }

    @Test
    void readsLimitsOfCgroupVersionTwo() {
        root.unified("/system.slice/app.service").group("/system.slice/app.service/cpu.max", "50000 100000")
                .group("/system.slice/app.service/memory.max", "2147483648");

        assertThat(root.probe().cpuQuota()).hasValue(0.5);
        assertThat(root.probe().memoryLimit()).hasValue(2 * GIB);
    }

    @Test
    void letsATighterParentWin() {
        root.unified("/kubepods/pod1/app").group("/kubepods/pod1/app/cpu.max", "400000 100000")
                .group("/kubepods/pod1/cpu.max", "400000 200000").group("/kubepods/cpu.max", "max 100000")
                .group("/kubepods/pod1/app/memory.max", "max").group("/kubepods/pod1/memory.max", "3221225472")
                .group("/kubepods/memory.max", "4294967296");

        assertThat(root.probe().cpuQuota()).hasValue(2);
        assertThat(root.probe().memoryLimit()).hasValue(3 * GIB);
    }

    @Test
    void readsTheContainersOwnGroupInItsNamespace() {
        root.unified("/").group("/cpu.max", "250000 100000").group("/memory.max", "1073741824");

        assertThat(root.probe().cpuQuota()).hasValue(2.5);
        assertThat(root.probe().memoryLimit()).hasValue(GIB);
    }

    @Test
    void readsTheContainersOwnGroupWhereThePathIsTheHosts() {
        root.file("/proc/self/cgroup", "3:memory:/docker/abc/inner\n2:cpu:/docker/abc").file("/proc/self/mountinfo", """
                33 31 0:30 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu
                34 31 0:31 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory""");
        root.group("/cpu/cpu.cfs_quota_us", "100000").group("/cpu/cpu.cfs_period_us", "100000")
                .group("/memory/inner/memory.limit_in_bytes", "2147483648")
                .group("/memory/memory.limit_in_bytes", "1073741824");

        assertThat(root.probe().cpuQuota()).hasValue(1);
        assertThat(root.probe().memoryLimit()).hasValue(GIB);
    }

    @Test
    void readsWhatIsMountedWhereThePathLiesOutside() {
        root.unified("/../sibling").group("/memory.max", "1073741824");

        assertThat(root.probe().memoryLimit()).hasValue(GIB);
    }

    @Test
    void prefersTheMountThatHoldsTheGroup() {
        root.file("/proc/self/cgroup", "0::/a b/c\\x2dd").file("/proc/self/mountinfo", """
                35 24 0:30 /other /mnt/other rw - cgroup2 cgroup2 rw
                36 24 0:30 /a\\040b/c\\134x2dd /sys/fs/cgroup rw - cgroup2 cgroup2 rw""");
        root.file("/mnt/other/memory.max", "1").group("/memory.max", "1073741824");

        assertThat(root.probe().memoryLimit()).hasValue(GIB);
    }

    @Test
    void countsAnIsolatedPartitionAsIsolated() {
        root.unified("/shards/app").group("/shards/cpuset.cpus.partition", "isolated")
                .group("/shards/cpuset.cpus.effective", "4-7").group("/shards/app/cpuset.cpus.partition", "member")
                .file("/sys/devices/system/cpu/isolated", "2");

        assertThat(root.probe().isolated()).isEqualTo(cpus("2,4-7"));

        root.group("/shards/cpuset.cpus.partition", "isolated invalid (Cpu list in cpuset.cpus not exclusive)");

        assertThat(root.probe().isolated()).isEqualTo(cpus("2"));
    }

    @Test
    void makesAPlainMachineOfNothing() {
        Machine machine = MachineProbe.probe(directory.resolve("missing"));

        int count = Runtime.getRuntime().availableProcessors();
        assertThat(machine.online()).isEqualTo(cpus("0-" + (count - 1))).isEqualTo(machine.allowed());
        assertThat(machine.cores()).hasSize(count).allMatch(core -> core.capacity() == 1024);
        assertThat(machine.numaNodes()).containsExactly(new NumaNode(0, machine.online(), 0));
        assertThat(machine.l3Groups()).isEmpty();
        assertThat(machine.openFiles()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void survivesGarbageInEveryFile() throws IOException {
        root.online("0-1").allowed("0-1").file("/sys/devices/system/cpu/isolated", "1")
                .file("/sys/devices/cpu_core/cpus", "0").file("/sys/devices/cpu_atom/cpus", "1")
                .cpu(0, "topology/core_cpus_list", "0").cpu(0, "topology/thread_siblings_list", "0")
                .cpu(0, "topology/physical_package_id", "0").cpu(0, "acpi_cppc/highest_perf", "9")
                .cpu(1, "cpu_capacity", "9").cpu(0, "cache/index3/level", "3")
                .cpu(0, "cache/index3/shared_cpu_list", "0-1").file("/proc/meminfo", "MemTotal: 1 kB")
                .file("/sys/devices/system/node/node0/cpulist", "0-1")
                .file("/sys/devices/system/node/node0/meminfo", "Node 0 MemTotal: 1 kB")
                .file("/proc/self/limits", "Max open files  1 1 files\nMax locked memory  1 1 bytes");
        root.unified("/app").group("/app/cpu.max", "1 1").group("/app/memory.max", "1")
                .group("/app/cpuset.cpus.partition", "isolated").group("/app/cpuset.cpus.effective", "0");
        List<Path> files;
        try (var tree = Files.walk(directory)) {
            files = tree.filter(Files::isRegularFile).toList();
        }
        String[] garbage = {"", "-", "-1", "99999999999999999999", "0-", "7-0", "0-99999999", "\0\ufffd", " - ", "::",
                "MemTotal:", "Node 0 MemTotal: -5 kB", "Max open files", "0::", "0::/\0", "a b c d e - cgroup2",
                "0::/\n1 2 3 \\4 \\ - cgroup2 x", "Cpus_allowed_list:\tx", "max", "1 0", "0 0"};
        for (Path file : files) {
            byte[] right = Files.readAllBytes(file);
            for (String text : garbage) {
                Files.writeString(file, text);
                assertThat(root.probe().allowed().isEmpty()).as("%s: %s", file, text).isFalse();
            }
            Files.write(file, new byte[]{(byte) 0xff, (byte) 0xc0, 0, '\n', (byte) 0x80});
            assertThat(root.probe().cores()).as("%s", file).isNotEmpty();
            Files.write(file, right);
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void agreesWithTheRunningSystem() throws IOException {
        Machine machine = MachineProbe.probe();

        String allowed = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("Cpus_allowed_list:")).findFirst().orElseThrow();
        assertThat(machine.allowed()).isEqualTo(cpus(allowed.substring(allowed.indexOf('\t'))));
        assertThat(machine.allowed().minus(machine.online())).isEqualTo(CpuSet.EMPTY);
        assertThat(machine.cores().stream().mapToInt(core -> core.cpus().size()).sum())
                .isEqualTo(machine.online().size());
        assertThat(machine.numaNodes()).isNotEmpty();
        assertThat(machine.openFiles()).isPositive();
    }

    private static Core core(int socket, String cpus) {
        return new Core(socket, cpus(cpus), 1024);
    }

    private static CpuSet cpus(String list) {
        return CpuSet.parse(list);
    }
}
