package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The quicker ways to start, as the README has them, and the Dockerfile's commands without an engine for images. */
@Execution(ExecutionMode.CONCURRENT)
@EnabledOnOs(OS.LINUX)
final class StartupIT {
    private static final Path HERE = Path.of("").toAbsolutePath();
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir
    Path directory;
    private final List<AutoCloseable> opened = new ArrayList<>();

    /** As if another demo ran: what is trained beside it must not mind. */
    @BeforeEach
    void holdThePorts() throws IOException {
        for (int port : new int[]{6380, 8080, 8081}) {
            try {
                opened.add(new ServerSocket(port, 1, InetAddress.getLoopbackAddress()));
            } catch (IOException e) {
                // So somebody else holds it, which is as good.
            }
        }
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable one : opened) {
            one.close();
        }
    }

    @Test
    @Tag("full")
    void the_script_trains_a_cache_that_is_used_and_leaves_nothing_else() throws Exception {
        Path unpacked = directory.resolve("plain");
        aot(unpacked.toString());
        assertThat(names(unpacked)).containsExactlyInAnyOrder("app.aot", "jvm.args", "lib", "run.sh",
                "solaster-demo.jar");
        Demo demo = start(List.of(unpacked.resolve("run.sh").toString()), Map.of());
        assertThat(demo.log()).contains("Starting DemoApplication").doesNotContain("AOT-processed");
        assertThat(demo.health()).contains("\"engine\":\"solaster\"");
        demo.stop();
    }

    @Test
    @Tag("full")
    void the_script_uses_the_bean_definitions_of_the_build_where_told_to() throws Exception {
        Path unpacked = directory.resolve("spring");
        aot("--spring-aot", unpacked.toString());
        Demo demo = start(List.of(unpacked.resolve("run.sh").toString()), Map.of());
        assertThat(demo.log()).contains("Starting AOT-processed DemoApplication");
        assertThat(demo.health()).contains("\"engine\":\"solaster\"");
        demo.stop();
    }

    @Test
    void the_script_empties_no_directory_of_others() throws Exception {
        Path others = Files.writeString(directory.resolve("diary.txt"), "dear diary");
        Process process = script(directory.toString());
        assertThat(process.waitFor()).isEqualTo(1);
        assertThat(others).hasContent("dear diary");
    }

    @Test
    @Tag("full")
    void the_dockerfiles_commands_make_something_that_runs_without_writing() throws Exception {
        Path root = Files.createDirectory(directory.resolve("image"));
        Dockerfile dockerfile = Dockerfile.read(HERE.resolve("Dockerfile"));
        Dockerfile.Image image = dockerfile.build(root, Map.of());
        assertThat(names(image.directory())).containsExactlyInAnyOrder("app.aot", "jvm.args", "lib", "native",
                "solaster-demo.jar");
        List<String> before = Dockerfile.list(image.directory());
        readOnly(root);

        List<String> command = new ArrayList<>();
        if (Files.isWritable(Path.of("/proc/self/oom_score_adj")) && "root".equals(System.getProperty("user.name"))) {
            String[] user = dockerfile.all("USER").getLast().split(":");
            command.addAll(List.of("setpriv", "--reuid=" + user[0], "--regid=" + user[1], "--clear-groups"));
        }
        command.addAll(image.entrypoint());
        Demo demo = start(command, image.environment(), image.directory());
        assertThat(demo.health()).contains("\"status\":\"UP\"");
        String mapped = Files.readString(Path.of("/proc/" + demo.process.pid() + "/maps"));
        assertThat(mapped).contains(image.directory().resolve("native") + "/libnetty_transport_native_epoll")
                .contains(image.directory().resolve("native/libjnidispatch.so").toString())
                .doesNotContain(temporary() + "/");
        demo.stop();
        assertThat(Dockerfile.list(image.directory())).isEqualTo(before);
    }

    private void aot(String... arguments) throws Exception {
        Process process = script(arguments);
        boolean ended = process.waitFor(5, TimeUnit.MINUTES);
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        assertThat(ended && process.exitValue() == 0).as(Files.readString(directory.resolve("aot.log"))).isTrue();
    }

    private Process script(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(HERE.resolve("aot.sh").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput((arguments.length == 1 && arguments[0].equals(directory.toString())
                        ? Path.of("/dev/null")
                        : directory.resolve("aot.log")).toFile());
        Dockerfile.withJava(builder);
        return builder.start();
    }

    private Demo start(List<String> command, Map<String, String> environment) throws Exception {
        return start(command, environment, directory);
    }

    /** Starts it with ports of its own, and only if its cache can be used. */
    private Demo start(List<String> command, Map<String, String> environment, Path work) throws Exception {
        int port = PackagedJarIT.freePort();
        int management = PackagedJarIT.freePort();
        List<String> all = new ArrayList<>(command);
        all.add("--solaster.servers.kv.port=" + port);
        all.add("--solaster.servers.web.port=0");
        all.add("--management.server.port=" + management);
        Path log = directory.resolve("demo-" + port + ".log");
        ProcessBuilder builder = new ProcessBuilder(all).directory(work.toFile()).redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().putAll(environment);
        Dockerfile.withJava(builder);
        builder.environment().put("JDK_JAVA_OPTIONS", "-XX:AOTMode=on -Djava.io.tmpdir=" + temporary());
        Process process = builder.start();
        opened.add(() -> process.destroyForcibly().waitFor());
        Demo demo = new Demo(process, management, log);
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!PackagedJarIT.pongs(port) || !demo.log().contains("Why        ")) {
            assertThat(process.isAlive()).as(demo.log()).isTrue();
            assertThat(System.nanoTime()).as(demo.log()).isLessThan(deadline);
            Thread.sleep(50);
        }
        return demo;
    }

    private Path temporary() throws IOException {
        Path temporary = directory.resolve("tmp");
        if (Files.notExists(temporary)) {
            Files.createDirectory(temporary);
            Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxrwxrwx"));
        }
        return temporary;
    }

    /** For everybody, so that the process runs as somebody else; the way there is opened. */
    private void readOnly(Path root) throws IOException {
        for (Path path = root; !path.equals(directory.getParent()); path = path.getParent()) {
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.toList()) {
                // Directories stay the owner's to delete.
                Files.setPosixFilePermissions(file,
                        PosixFilePermissions.fromString(Files.isDirectory(file) ? "rwxr-xr-x" : "r--r--r--"));
            }
        }
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    private record Demo(Process process, int management, Path file) {

        String log() throws IOException {
            return Files.readString(file);
        }

        /** Once it is well: an application is not live before all who listen have heard of its start. */
        String health() throws Exception {
            HttpRequest request = HttpRequest
                    .newBuilder(URI.create("http://127.0.0.1:" + management + "/actuator/health")).build();
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            try (HttpClient client = HttpClient.newHttpClient()) {
                while (true) {
                    HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
                    if (answer.statusCode() == 200) {
                        return answer.body();
                    }
                    assertThat(System.nanoTime()).as(answer.body()).isLessThan(deadline);
                    Thread.sleep(50);
                }
            }
        }

        void stop() throws Exception {
            process.destroy();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(log()).isTrue();
            assertThat(process.exitValue()).as(log()).isEqualTo(143);
        }
    }
}
