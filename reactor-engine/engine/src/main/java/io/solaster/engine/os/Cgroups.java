package io.solaster.engine.os;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;

import io.solaster.config.value.CpuSet;
import org.jspecify.annotations.Nullable;

/**
 * The control groups that this process is in, version 1, version 2 or both. A limit anywhere on the way up holds, so
 * each question is put to the process's own group and to all those above it that can be seen from here; in a
 * container's cgroup namespace that way ends at the container's group.
 */
final class Cgroups {
    /** Version 1 writes the greatest number of pages, in bytes, where there is no limit; its value differs by page size. */
    private static final long NO_LIMIT = Long.MAX_VALUE / 2;

    private final KernelFiles files;
    private final List<String> unified;
    private final List<String> cpu;
    private final List<String> memory;

    Cgroups(KernelFiles files) {
        this.files = files;
        String[] groups = files.text("/proc/self/cgroup").split("\n", -1);
        String[] mounts = files.text("/proc/self/mountinfo").split("\n", -1);
        unified = directories("", groups, mounts);
        cpu = directories("cpu", groups, mounts);
        memory = directories("memory", groups, mounts);
    }

    /** CPUs' worth of time. */
    OptionalDouble cpuQuota() {
        double least = Double.POSITIVE_INFINITY;
        for (String directory : unified) {
            String max = files.text(directory + "/cpu.max").strip();
            String quota = KernelFiles.firstWord(max);
            least = Math.min(least, cpus(KernelFiles.toLong(quota, -1),
                    KernelFiles.toLong(max.substring(quota.length()), -1)));
        }
        for (String directory : cpu) {
            least = Math.min(least, cpus(files.number(directory + "/cpu.cfs_quota_us", -1),
                    files.number(directory + "/cpu.cfs_period_us", -1)));
        }
        return least == Double.POSITIVE_INFINITY ? OptionalDouble.empty() : OptionalDouble.of(least);
    }

    private static double cpus(long quota, long period) {
        return quota > 0 && period > 0 ? (double) quota / period : Double.POSITIVE_INFINITY;
    }

    /** Bytes. */
    OptionalLong memoryLimit() {
        long least = NO_LIMIT;
        for (String directory : unified) {
            least = Math.min(least, limit(directory + "/memory.max"));
        }
        for (String directory : memory) {
            least = Math.min(least, limit(directory + "/memory.limit_in_bytes"));
        }
        return least == NO_LIMIT ? OptionalLong.empty() : OptionalLong.of(least);
    }

    private long limit(String path) {
        long bytes = files.number(path, NO_LIMIT);
        return bytes > 0 ? bytes : NO_LIMIT;
    }

    /** The CPUs of the isolated partition that this process is in, or none. */
    CpuSet isolated() {
        for (String directory : unified) {
            String partition = files.text(directory + "/cpuset.cpus.partition").strip();
            if (partition.equals("isolated")) {
                return files.cpus(directory + "/cpuset.cpus.effective");
            }
            // A member shares its parent's partition; anything else is a partition of its own, or an invalid one.
            if (!partition.equals("member")) {
                break;
            }
        }
        return CpuSet.EMPTY;
    }

    /**
     * The process's directory in one hierarchy, then those above it.
     *
     * @param controller a controller of version 1, or the empty text for version 2
     */
    private List<String> directories(String controller, String[] groups, String[] mounts) {
        String own = ownGroup(controller, groups);
        if (own == null) {
            return List.of();
        }
        String visible = null;
        for (String line : mounts) {
            int dash = line.indexOf(" - ");
            if (dash < 0) {
                continue;
            }
            String[] mount = line.substring(0, dash).split(" ", -1);
            String[] system = line.substring(dash + 3).split(" ", -1);
            if (mount.length < 5 || !isHierarchy(controller, system)) {
                continue;
            }
            String point = unescape(mount[4]);
            String below = below(unescape(mount[3]), own);
            if (below != null && files.isDirectory(point + below)) {
                return upwards(point, point + below);
            }
            if (visible == null) {
                visible = point;
            }
        }
        // The group lies outside of what is mounted here: what can be seen is a container's own group.
        return visible == null ? List.of() : List.of(visible);
    }

    private static @Nullable String ownGroup(String controller, String[] groups) {
        for (String line : groups) {
            String[] parts = line.split(":", 3);
            if (parts.length == 3 && hasWord(parts[1], controller)) {
                return parts[2];
            }
        }
        return null;
    }

    private static boolean isHierarchy(String controller, String[] system) {
        if (controller.isEmpty()) {
            return system[0].equals("cgroup2");
        }
        return system[0].equals("cgroup") && hasWord(system[system.length - 1], controller);
    }

    private static boolean hasWord(String list, String word) {
        return Arrays.asList(list.split(",", -1)).contains(word);
    }

    /** The part of {@code group} below a mount's root, or null where it is not below it. */
    private static @Nullable String below(String root, String group) {
        String prefix = root.equals("/") ? "" : root;
        String path = group.equals("/") ? "" : group;
        if (path.contains("/..") || !(path + '/').startsWith(prefix + '/')) {
            return null;
        }
        return path.substring(prefix.length());
    }

    private static List<String> upwards(String top, String bottom) {
        List<String> directories = new ArrayList<>();
        String directory = bottom;
        while (directory.length() > top.length()) {
            directories.add(directory);
            directory = directory.substring(0, directory.lastIndexOf('/'));
        }
        directories.add(top);
        return directories;
    }

    /** mountinfo writes blanks and backslashes as three octal digits, and systemd's scopes have backslashes. */
    private static String unescape(String path) {
        if (path.indexOf('\\') < 0) {
            return path;
        }
        StringBuilder plain = new StringBuilder();
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c == '\\' && isOctal(path, i + 1) && isOctal(path, i + 2) && isOctal(path, i + 3)) {
                c = (char) Integer.parseInt(path, i + 1, i + 4, 8);
                i += 3;
            }
            plain.append(c);
        }
        return plain.toString();
    }

    private static boolean isOctal(String text, int at) {
        return at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '7';
    }
}
