package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.yaml.snakeyaml.Yaml;

/**
 * The jar with what a pod gives it, made by the operator or by the chart: the kubelet's probes and the operator's questions
 * come from outside the pod, and have to reach it.
 */
@Execution(ExecutionMode.CONCURRENT)
final class PodIT {
    private static final Duration START = Duration.ofMinutes(3);

    @TempDir
    Path directory;

    @SuppressWarnings("unchecked")
    static Stream<Map<String, Object>> pods() throws IOException {
        try (InputStream in = PodIT.class.getResourceAsStream("/pods.yaml")) {
            return ((List<Map<String, Object>>) new Yaml().<Map<String, Object>>load(in).get("pods")).stream();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static Optional<InetAddress> outside() throws IOException {
        return NetworkInterface.networkInterfaces().filter(PodIT::isUp).flatMap(NetworkInterface::inetAddresses)
                .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress()
                        && !address.isLinkLocalAddress())
                .findFirst();
    }

    private static boolean isUp(NetworkInterface each) {
        try {
            return each.isUp() && !each.isLoopback();
        } catch (IOException e) {
            return false;
        }
    }

    @ParameterizedTest
    @Tag("full")
    @MethodSource("pods")
    @SuppressWarnings("unchecked")
    void probes_and_the_operators_questions_are_answered_from_outside(Map<String, Object> pod) throws Exception {
        Optional<InetAddress> address = outside();
        assumeTrue(address.isPresent(), "this machine has no address but the loopback's");
        Path mounted = Files.createDirectory(directory.resolve("config"));
        for (Map.Entry<String, String> file : ((Map<String, String>) pod.get("files")).entrySet()) {
            // No two tests on one port.
            Files.writeString(mounted.resolve(file.getKey()), file.getValue().replace("6380", "" + freePort())
                    .replace("8080", "" + freePort()));
        }
        String port = String.valueOf(pod.get("managementPort"));
        int ours = freePort();
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(PackagedJarIT.compilerFlags());
        command.addAll(List.of("-jar", Path.of("target", "solaster-demo.jar").toAbsolutePath().toString()));
        ProcessBuilder builder = new ProcessBuilder(command);
        Map<String, String> environment = builder.environment();
        environment.keySet().removeIf(name -> name.startsWith("SOLASTER_") || name.startsWith("SPRING_")
                || name.startsWith("SERVER_") || name.startsWith("MANAGEMENT_") || name.startsWith("JDK_"));
        // What the image brings.
        Dockerfile.read(Path.of("Dockerfile").toAbsolutePath()).all("ENV").forEach(
                line -> Arrays.stream(line.split("\\s+")).map(each -> each.split("=", 2))
                        .forEach(pair -> environment.put(pair[0], pair[1])));
        ((Map<String, String>) pod.get("environment")).forEach((name, value) -> environment.put(name,
                value.replace((String) pod.get("mounted"), mounted + "/").replace(port, "" + ours)));
        assertThat(environment.get("SPRING_CONFIG_ADDITIONAL_LOCATION")).contains(mounted.toString());
        Path log = directory.resolve("log");
        Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try (HttpClient http = HttpClient.newHttpClient()) {
            String base = "http://" + address.get().getHostAddress() + ":" + ours;
            long deadline = System.nanoTime() + START.toNanos();
            for (String probe : (List<String>) pod.get("probes")) {
                while (status(http, base + probe) != 200) {
                    assertThat(process.isAlive()).as(Files.readString(log)).isTrue();
                    assertThat(System.nanoTime()).as(Files.readString(log)).isLessThan(deadline);
                    Thread.sleep(50);
                }
            }
            HttpResponse<String> report = get(http, base + "/actuator/shards");
            assertThat(report.statusCode()).isEqualTo(200);
            assertThat(report.body()).contains("\"shards\":[{").contains("\"plan\":");
            assertThat(status(http, base + "/actuator/prometheus")).isEqualTo(200);
            assertThat(status(http, base + "/actuator/solasterconfig")).isEqualTo(200);
            // What else there is stays inside.
            assertThat(status(http, base + "/actuator/configprops")).isEqualTo(404);
        } finally {
            process.destroy();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    private static HttpResponse<String> get(HttpClient http, String uri) throws Exception {
        return http.send(HttpRequest.newBuilder(URI.create(uri)).timeout(Duration.ofSeconds(10)).build(),
                BodyHandlers.ofString());
    }

    private static int status(HttpClient http, String uri) throws Exception {
        try {
            return get(http, uri).statusCode();
        } catch (IOException e) {
            return 0;
        }
    }
}
