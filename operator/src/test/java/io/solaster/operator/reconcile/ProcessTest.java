package io.solaster.operator.reconcile;

import static io.solaster.operator.reconcile.OperatorContract.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.fabric8.kubernetes.client.KubernetesClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The operator as a process of its own, as a pod runs it. */
class ProcessTest {
    @TempDir
    Path directory;
    private final MemoryApi api = new MemoryApi(1000);
    private final KubernetesClient client = api.client("test");
    private final List<Program> programs = new ArrayList<>();

    /** A process, and what it has said so far. */
    private static final class Program {
        private static final Pattern PORT = Pattern.compile("Health and metrics on port (\\d+)");

        final Process process;
        private final StringBuffer said = new StringBuffer();
        private final Thread reader;

        Program(Process process) {
            this.process = process;
            reader = Thread.ofVirtual().start(() -> {
                try (BufferedReader lines = process.inputReader(UTF_8)) {
                    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                        said.append(line).append('\n');
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }

        /** SIGTERM; what it says then is still read. */
        void terminate() {
            process.toHandle().destroy();
        }

        String said() {
            return said.toString();
        }

        int ended() throws InterruptedException {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(said()).isTrue();
            reader.join();
            return process.exitValue();
        }

        String ask(String path) {
            Matcher port = PORT.matcher(said());
            if (!port.find()) {
                return "";
            }
            try (HttpClient http = HttpClient.newHttpClient()) {
                return http.send(HttpRequest
                        .newBuilder(URI.create("http://localhost:" + port.group(1) + path)).build(),
                        BodyHandlers.ofString()).body();
            } catch (IOException e) {
                return "";
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        boolean leads() {
            return ask("/metrics").contains("solaster_operator_leading 1.0");
        }
    }

    private Program run(String server, String... options) throws IOException {
        Path kubeconfig = Files.writeString(directory.resolve("kubeconfig-" + programs.size()), """
                apiVersion: v1
                kind: Config
                clusters: [{name: c, cluster: {server: "%s"}}]
                contexts: [{name: c, context: {cluster: c, user: c, namespace: shop}}]
                current-context: c
                users: [{name: c, user: {}}]
                """.formatted(server));
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1", "-Xmx256m", "-cp", System.getProperty("java.class.path"),
                        "io.solaster.operator.command.Main", "run"));
        command.addAll(List.of(options));
        if (!command.contains("--port")) {
            command.addAll(List.of("--port", "0"));
        }
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("OPERATOR_") || name.startsWith("KUBERNETES_")
                || name.equals("POD_NAME") || name.startsWith("JAVA_") || name.startsWith("JDK_"));
        builder.environment().put("KUBECONFIG", kubeconfig.toString());
        Program program = new Program(builder.start());
        programs.add(program);
        return program;
    }

    private String url() {
        return "http://localhost:" + api.port() + "/";
    }

    @AfterEach
    void stop() {
        programs.forEach(each -> each.process.destroyForcibly());
        client.close();
        api.close();
    }

    private String holder() {
        var lease = client.leases().inNamespace("shop").withName("solaster-operator").get();
        return lease == null ? "" : lease.getSpec().getHolderIdentity();
    }

    @Tag("full")
    @Test
    void aStopIsOrderlyAndTheNextOneLeadsWithinSeconds() throws Exception {
        // Both start at once, which takes less time: whichever has the lease is the first.
        run(url(), "--namespaces", "shop", "--lease-namespace", "shop");
        run(url(), "--namespaces", "shop", "--lease-namespace", "shop");
        eventually(() -> programs.stream()
                .allMatch(each -> each.said().contains("Keeps services of namespaces [shop]"))
                && programs.stream().anyMatch(Program::leads));
        Program first = programs.stream().filter(Program::leads).findFirst().orElseThrow();
        Program second = programs.get(1 - programs.indexOf(first));
        assertThat(first.ask("/livez")).isEqualTo("ok\n");
        eventually(() -> first.ask("/readyz").equals("ok\n"));
        assertThat(second.leads()).isFalse();
        String before = holder();

        first.terminate();
        assertThat(first.ended()).as(first.said()).isEqualTo(143);
        long ended = System.nanoTime();
        assertThat(first.said()).contains("Stops.").doesNotContain("\tat ").doesNotContain("ERROR");
        eventually(second::leads);
        System.out.printf(Locale.ROOT, "The next one led %.1f s after the end of the one before.%n",
                (System.nanoTime() - ended) / 1e9);
        assertThat(holder()).isNotEqualTo(before).isNotEmpty();

        second.terminate();
        second.ended();
        assertThat(holder()).as("given back").isEmpty();
    }

    @Test
    @Tag("full")
    void whoIsKilledIsFollowedWhenItsLeaseRunsOut() throws Exception {
        Program first = run(url(), "--namespaces", "shop", "--lease-namespace", "shop");
        eventually(first::leads);
        Program second = run(url(), "--namespaces", "shop", "--lease-namespace", "shop");
        eventually(() -> second.said().contains("Keeps services of namespaces [shop]"));
        first.process.destroyForcibly();
        first.ended();
        long ended = System.nanoTime();
        eventually(second::leads);
        System.out.printf(Locale.ROOT, "The next one led %.1f s after the one before was killed.%n",
                (System.nanoTime() - ended) / 1e9);
    }

    @Test
    void anApiServerThatIsNotThereIsToldInOneLine() throws Exception {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        Program program = run("http://localhost:" + free + "/");
        assertThat(program.ended()).isEqualTo(1);
        assertThat(program.said().lines()).as(program.said()).singleElement().asString()
                .contains("Cannot start against http://localhost:" + free).contains("ConnectException")
                .contains("set KUBECONFIG");
    }

    @Test
    void aPortThatIsTakenIsToldInOneLine() throws Exception {
        try (ServerSocket taken = new ServerSocket(0)) {
            Program program = run(url(), "--port", String.valueOf(taken.getLocalPort()));
            assertThat(program.ended()).isEqualTo(1);
            assertThat(program.said()).contains("Port " + taken.getLocalPort() + " is taken").doesNotContain("\tat ");
        }
    }
}
