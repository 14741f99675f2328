package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.solaster.config.value.CpuSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The jar that people run, as a process of its own. */
@Execution(ExecutionMode.CONCURRENT)
final class PackagedJarIT {
    private static final Path JAR = Path.of("target", "solaster-demo.jar").toAbsolutePath();
    private static final String JAVA = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    private static final Duration START = Duration.ofMinutes(3);
    /** The stack of a throwable; that of a stall, which a busy machine brings, has none before it. */
    private static final String THROWN = "(Exception|Error)[^\n]*\n\tat ";

    @TempDir
    Path directory;
    private final List<Process> processes = new ArrayList<>();

    @AfterEach
    void endWhatIsLeft() throws InterruptedException {
        for (Process process : processes) {
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void says_what_was_planned_and_nothing_ugly() throws Exception {
        // On a busy machine an endpoint may well be slow to answer, and a shard stand still, which is told.
        Demo demo = start(List.of("--solaster.pools.upstream.health.check.timeout=60s",
                "--solaster.engine.stalls.threshold=1m"));
        assertThat(demo.log()).contains("Shards     ").contains("Transport  ").contains("kv: resp on 127.0.0.1:")
                .contains("Why        ").doesNotContain("WARN").doesNotContain("WARNING");
        demo.process.destroy();
        assertThat(demo.process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    @Tag("full")
    void answers_what_it_has_received_before_it_ends() throws Exception {
        Demo demo = start(List.of("--solaster.engine.shards=2", "--solaster.engine.pinning=never"));
        List<Socket> clients = new ArrayList<>();
        int requests = 2_000;
        try {
            for (int i = 0; i < 20; i++) {
                Socket client = new Socket(InetAddress.getLoopbackAddress(), demo.port);
                client.setSoTimeout(20_000);
                clients.add(client);
            }
            StringBuilder batch = new StringBuilder();
            for (int i = 0; i < requests; i++) {
                batch.append("SET key:%d value\r\nGET key:%d\r\n".formatted(i, i));
            }
            byte[] bytes = batch.toString().getBytes(StandardCharsets.US_ASCII);
            for (Socket client : clients) {
                OutputStream out = client.getOutputStream();
                out.write(bytes);
                out.flush();
            }
            demo.process.destroy();
            for (Socket client : clients) {
                String answers = new String(client.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
                assertThat(answers).isEqualTo("+OK\r\n$5\r\nvalue\r\n".repeat(requests));
            }
        } finally {
            for (Socket client : clients) {
                client.close();
            }
        }
        assertThat(demo.process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(demo.process.exitValue()).as(demo.log()).isEqualTo(143);
    }

    @Test
    @Tag("full")
    void idle_clients_do_not_hold_it() throws Exception {
        // Whoever waited for them would wait for longer than this test does.
        Demo demo = start(List.of("--solaster.engine.shutdown-timeout=10m",
                "--spring.lifecycle.timeout-per-shutdown-phase=10m"));
        try (Socket idle = new Socket(InetAddress.getLoopbackAddress(), demo.port)) {
            idle.setSoTimeout((int) START.toMillis());
            demo.process.destroy();
            assertThat(idle.getInputStream().read()).isEqualTo(-1);
            assertThat(demo.process.waitFor(START.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }
        assertThat(demo.process.exitValue()).isEqualTo(143);
    }

    @Test
    @Tag("full")
    void a_second_one_on_the_port_says_so_and_ends() throws Exception {
        secondOnThePort("auto");
    }

    @Test
    @Tag("full")
    void a_second_one_on_the_port_says_so_also_over_nio() throws Exception {
        secondOnThePort("nio");
    }

    private void secondOnThePort(String transport) throws Exception {
        Demo first = start(List.of("--solaster.engine.transport=" + transport));
        Run second = run(JAVA, List.of("--solaster.servers.kv.port=" + first.port, "--solaster.servers.web.port=0",
                "--management.server.port=" + freePort(), "--solaster.engine.transport=" + transport));
        assertThat(second.exit).as(second.output).isEqualTo(1);
        assertThat(second.output).containsOnlyOnce("the port is in use").contains("Server 'kv' cannot listen on"
                + " 127.0.0.1:" + first.port + ": the port is in use.").doesNotContainPattern(THROWN);
        first.process.destroy();
        assertThat(first.process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    @Tag("full")
    void wrong_configuration_is_told_once_and_ends_it() throws Exception {
        Run run = run(JAVA, List.of("--solaster.engine.shards=none", "--management.server.port=" + freePort()));
        assertThat(run.exit).as(run.output).isEqualTo(1);
        assertThat(run.output).containsOnlyOnce("'none' is no number of shards").doesNotContainPattern(THROWN);
    }

    @Test
    void tells_whether_a_configuration_is_right_and_starts_nothing() throws Exception {
        Run right = run(JAVA, List.of("--solaster.validate"));
        assertThat(right.output.strip()).isEqualTo("The configuration of Solaster is valid.");
        assertThat(right.exit).isZero();
        Path file = directory.resolve("more.yml");
        Files.writeString(file, "solaster:\n  engine:\n    shardz: 2\n    transport: pigeon\n");
        Run wrong = run(JAVA, List.of("--solaster.validate", "--spring.config.additional-location=" + file));
        assertThat(wrong.output.strip()).isEqualTo("""
                The configuration of Solaster is not valid: 2 errors, 0 warnings.

                ERROR solaster.engine.transport (%s:4:16)
                    'pigeon' is no choice here
                    write one of auto, io_uring, epoll, nio

                ERROR solaster.engine.shardz (%s:3:13)
                    there is no such key
                    write solaster.engine.shards""".formatted(file, file));
        assertThat(wrong.exit).isEqualTo(1);
    }

    @Test
    void an_old_java_is_told_which_one_is_needed() throws Exception {
        Optional<Path> old = oldJava();
        assumeTrue(old.isPresent(), "no Java 17 to 24 is installed below /usr/lib/jvm");
        Run run = run(old.get().toString(), List.of());
        assertThat(run.exit).as(run.output).isEqualTo(78);
        assertThat(run.output.strip().lines()).hasSize(1);
        assertThat(run.output).contains("Solaster needs Java 25 or newer, and this is Java ");
    }

    /** Else one shard's CPU would be shared with the collector, or with all that a shard's thread has started. */
    @Test
    @Tag("full")
    void no_other_thread_is_tied_to_a_shards_cpu() throws Exception {
        assumeTrue(Files.exists(Path.of("/proc/self/task")), "needs Linux");
        Demo demo = start(List.of("--solaster.engine.shards=1", "--solaster.engine.pinning=always"));
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), demo.port)) {
            client.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(client.getInputStream().read()).isEqualTo('+');
        }
        CpuSet allowed = allowed(Path.of("/proc/self/status"));
        // A new thread is placed within a second of its birth, and may be born at any time.
        long deadline = System.nanoTime() + START.toNanos();
        for (Map<String, CpuSet> tied = tied(demo, allowed); !tied.isEmpty(); tied = tied(demo, allowed)) {
            assertThat(System.nanoTime()).as("%s", tied).isLessThan(deadline);
            Thread.sleep(50);
        }
    }

    /** Threads beside the shard's that are not where they belong. */
    private static Map<String, CpuSet> tied(Demo demo, CpuSet allowed) throws IOException {
        String pid = Long.toString(demo.process.pid());
        List<String> shards = new ArrayList<>();
        Map<String, CpuSet> tied = new TreeMap<>();
        try (Stream<Path> threads = Files.list(Path.of("/proc", pid, "task"))) {
            for (Path thread : threads.toList()) {
                String name;
                CpuSet cpus;
                try {
                    name = Files.readString(thread.resolve("comm")).strip();
                    cpus = allowed(thread.resolve("status"));
                } catch (IOException ended) {
                    continue;
                }
                if (name.startsWith("solaster-shard-")) {
                    shards.add(name + " on " + cpus);
                } else if (!thread.getFileName().toString().equals(pid) && !isElsewhere(cpus, allowed)) {
                    tied.put(name, cpus);
                }
            }
        }
        // A thread that a shard's thread has just begun has its name until it takes its own.
        if (shards.size() != 1 || !shards.getFirst().matches(".* on \\d+")) {
            tied.put(shards.toString(), allowed);
        }
        return tied;
    }

    /** Where no CPUs are set aside, others may run anywhere; where some are, only there. */
    private static boolean isElsewhere(CpuSet cpus, CpuSet allowed) {
        return allowed.size() < 4 ? cpus.equals(allowed) : cpus.size() < allowed.size();
    }

    private static CpuSet allowed(Path status) throws IOException {
        return Files.readAllLines(status).stream().filter(line -> line.startsWith("Cpus_allowed_list:"))
                .map(line -> CpuSet.parse(line.substring(line.indexOf(':') + 1).strip())).findFirst().orElseThrow();
    }

    private static Optional<Path> oldJava() throws IOException {
        Path all = Path.of("/usr/lib/jvm");
        if (!Files.isDirectory(all)) {
            return Optional.empty();
        }
        try (Stream<Path> homes = Files.list(all)) {
            return homes.filter(home -> home.getFileName().toString().matches(".*(17|18|19|2[0-4])\\b.*"))
                    .map(home -> home.resolve("bin/java")).filter(Files::isExecutable).findFirst();
        }
    }

    private Demo start(List<String> arguments) throws Exception {
        for (int attempt = 1;; attempt++) {
            Demo demo = launchDemo(arguments);
            long deadline = System.nanoTime() + START.toNanos();
            while (demo.process.isAlive()) {
                if (pongs(demo.port) && demo.log().contains("Why        ")) {
                    return demo;
                }
                assertThat(System.nanoTime()).as(demo.log()).isLessThan(deadline);
                Thread.sleep(50);
            }
            // Somebody else on the machine may have been given a port since it was free.
            assertThat(demo.log()).as("attempt %d", attempt).containsPattern("in use");
            assertThat(attempt).as(demo.log()).isLessThan(5);
        }
    }

    private Demo launchDemo(List<String> arguments) throws IOException {
        int port = freePort();
        List<String> all = new ArrayList<>(arguments);
        all.add("--solaster.servers.kv.port=" + port);
        all.add("--solaster.servers.web.port=0");
        all.add("--management.server.port=" + freePort());
        Path log = directory.resolve("demo-" + port + ".log");
        Process process = launch(JAVA, all, log);
        return new Demo(process, port, log);
    }

    private Run run(String java, List<String> arguments) throws Exception {
        Path log = directory.resolve("run-" + processes.size() + ".log");
        Process process = launch(java, arguments, log);
        assertThat(process.waitFor(START.toSeconds(), TimeUnit.SECONDS)).as(Files.readString(log)).isTrue();
        return new Run(process.exitValue(), Files.readString(log));
    }

    private Process launch(String java, List<String> arguments, Path log) throws IOException {
        List<String> command = new ArrayList<>(List.of(java));
        command.addAll(compilerFlags());
        command.addAll(List.of("-jar", JAR.toString()));
        command.addAll(arguments);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        processes.add(process);
        return process;
    }

    /** Those of this JVM: what ends soon need not be compiled twice, unless the build is to run as applications run. */
    static List<String> compilerFlags() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith("-XX:TieredStopAtLevel")).toList();
    }

    static boolean pongs(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(5_000);
            socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
            return socket.getInputStream().read() == '+';
        } catch (IOException e) {
            return false;
        }
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private record Demo(Process process, int port, Path file) {

        String log() throws IOException {
            return Files.readString(file);
        }
    }

    private record Run(int exit, String output) {}
}
