package io.solaster.store.command.admin;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the system knows of this process. Reading it may block. */
record SystemReport(long heap, long heapCommitted, long buffers, long resident, long residentPeak,
        long total, double userSeconds, double systemSeconds) {
    private static final int KIB = 1024;
    private static final double TICKS_PER_SECOND = 100;

    static SystemReport read() {
        Runtime runtime = Runtime.getRuntime();
        long buffers = 0;
        for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
            buffers += pool.getMemoryUsed();
        }
        double user = 0;
        double system = 0;
        String stat = content("/proc/self/stat");
        if (!stat.isEmpty()) {
            // The command's name, in parentheses, may hold blanks.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            user = Long.parseLong(fields[11]) / TICKS_PER_SECOND;
            system = Long.parseLong(fields[12]) / TICKS_PER_SECOND;
        }
        String status = content("/proc/self/status");
        return new SystemReport(runtime.totalMemory() - runtime.freeMemory(), runtime.totalMemory(), buffers,
                kib(status, "VmRSS:"), kib(status, "VmHWM:"), kib(content("/proc/meminfo"), "MemTotal:"), user,
                system);
    }

    private static long kib(String text, String name) {
        int at = text.indexOf(name);
        if (at < 0) {
            return 0;
        }
        String rest = text.substring(at + name.length(), text.indexOf('\n', at)).strip();
        return Long.parseLong(rest.substring(0, rest.indexOf(' '))) * KIB;
    }

    private static String content(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException notLinux) {
            return "";
        }
    }
}
