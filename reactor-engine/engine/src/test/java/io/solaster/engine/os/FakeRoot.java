package io.solaster.engine.os;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

import io.solaster.config.plan.Machine;

/** A root directory with the few files of a machine that a test is about. */
record FakeRoot(Path path) {

    FakeRoot file(String name, String text) {
        try {
            Path file = path.resolve(name.substring(1));
            Files.createDirectories(file.getParent());
            Files.writeString(file, text + "\n");
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    FakeRoot cpu(int cpu, String name, String text) {
        return file("/sys/devices/system/cpu/cpu" + cpu + "/" + name, text);
    }

    FakeRoot online(String cpus) {
        return file("/sys/devices/system/cpu/online", cpus);
    }

    FakeRoot allowed(String cpus) {
        return file("/proc/self/status",
                "Name:\tjava\nCpus_allowed:\tff\nCpus_allowed_list:\t" + cpus + "\nMems_allowed:\t1");
    }

    /** Version 2 as systemd mounts it; the process is in {@code group}. */
    FakeRoot unified(String group) {
        return file("/proc/self/cgroup", "0::" + group).file("/proc/self/mountinfo", """
                23 29 0:22 / /proc rw,nosuid - proc proc rw
                35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate""");
    }

    FakeRoot group(String file, String text) {
        return file("/sys/fs/cgroup" + file, text);
    }

    Machine probe() {
        return MachineProbe.probe(path);
    }
}
