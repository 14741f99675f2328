package io.solaster.benchmarks.rig;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** The processes that were started here. They end with this one, also when that is interrupted. */
public final class Children {
    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();
    private static final long PATIENCE_SECONDS = 5;

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> RUNNING.forEach(Children::end)));
    }

    private Children() {}

    /** Starts a process on certain CPUs, its output in a file. */
    public static Process start(String cpus, Path output, List<String> command) throws IOException {
        List<String> pinned = new ArrayList<>(List.of("taskset", "-c", cpus));
        pinned.addAll(command);
        Process process = new ProcessBuilder(pinned).redirectError(output.toFile()).start();
        RUNNING.add(process);
        return process;
    }

    /** Runs a process on certain CPUs and gives what it printed. */
    public static String run(String cpus, Path output, int mostSeconds, List<String> command)
            throws IOException, InterruptedException {
        List<String> pinned = new ArrayList<>(List.of("taskset", "-c", cpus));
        pinned.addAll(command);
        Process process = new ProcessBuilder(pinned).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        RUNNING.add(process);
        try {
            if (!process.waitFor(mostSeconds, TimeUnit.SECONDS)) {
                throw new IOException(command.get(0) + " did not end within " + mostSeconds + " s");
            }
            String printed = Files.readString(output);
            if (process.exitValue() != 0) {
                throw new IOException(command.get(0) + " failed: " + printed.strip());
            }
            return printed;
        } finally {
            end(process);
        }
    }

    public static void end(Process process) {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        RUNNING.remove(process);
    }
}
