package io.solaster.benchmarks.rig;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

import io.solaster.config.plan.Machine;
import io.solaster.config.plan.Machine.Core;
import io.solaster.config.value.CpuSet;
import io.solaster.engine.os.MachineProbe;

/**
 * What the measures share: the options, one CPU for the server and one for the client, and a folder for output.
 *
 * @param redisVersion empty if no redis-server is wanted
 */
public record Workplace(Options options, String serverCpu, String clientCpu, Path folder, String redisVersion)
        implements
            AutoCloseable {

    /**
     * Finds the CPUs and the tools.
     *
     * @param tools what must be installed
     * @throws Missing if something is not here that nothing can be measured without
     */
    public static Workplace prepare(Options options, List<String> tools) throws IOException, InterruptedException {
        Machine machine = MachineProbe.probe();
        // A core each: two threads of one core would slow each other down.
        List<Integer> cpus = new ArrayList<>();
        for (Core core : machine.cores()) {
            CpuSet usable = core.cpus().and(machine.allowed());
            if (!usable.isEmpty()) {
                cpus.add(usable.first());
            }
        }
        if (cpus.size() < 2) {
            cpus = machine.allowed().stream().boxed().toList();
        }
        if (cpus.size() < 2) {
            throw new Missing("fewer than 2 CPUs allowed (" + machine.allowed()
                    + "): server and client need one each");
        }
        for (String tool : tools) {
            if (!isInstalled(tool)) {
                throw new Missing(tool + " is not installed (Debian: util-linux, redis-server, redis-tools, wrk)");
            }
        }
        Path folder = Files.createTempDirectory("solaster-compare");
        String server = cpus.get(0).toString();
        String client = cpus.get(1).toString();
        String version = tools.contains("redis-server")
                ? Children.run(client, folder.resolve("version"), 10, List.of("redis-server", "--version"))
                : "";
        return new Workplace(options, server, client, folder, version.replaceAll("(?s).*v=(\\S+).*", "$1"));
    }

    /** Keeps this process, its load generator among it, off the server's CPU. */
    public void pinSelf() throws IOException, InterruptedException {
        Children.run(clientCpu, file("taskset"), 10, List.of("taskset", "-a", "-p", "-c", clientCpu,
                Long.toString(ProcessHandle.current().pid())));
    }

    /** Has threads preempt the rest of the machine, which then does not disturb them. */
    public void realtime(List<String> threads) throws IOException, InterruptedException {
        for (String thread : threads) {
            Children.run(clientCpu, file("chrt"), 10, List.of("chrt", "-f", "-p", "1", thread));
        }
    }

    /** Has a thread, by the kernel's number of it, give way to everything else that wants its CPU. */
    public void giveWay(int thread) throws IOException, InterruptedException {
        Children.run(clientCpu, file("chrt"), 10, List.of("chrt", "--idle", "-p", "0", Integer.toString(thread)));
    }

    public String bothCpus() {
        return serverCpu + "," + clientCpu;
    }

    public Path file(String name) {
        return folder.resolve(name.replaceAll("[^A-Za-z0-9.-]", "-"));
    }

    public static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** Whether a program is on the path. */
    public static boolean isInstalled(String tool) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, tool)));
    }

    @Override
    public void close() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    /** Something that is needed is not here. */
    public static final class Missing extends RuntimeException {
        private static final long serialVersionUID = 1;

        Missing(String what) {
            super(what);
        }
    }
}
