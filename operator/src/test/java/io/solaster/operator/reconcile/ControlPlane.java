package io.solaster.operator.reconcile;

import static io.solaster.operator.reconcile.OperatorContract.eventually;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import org.jspecify.annotations.Nullable;

/**
 * An API server of this machine's own: etcd and kube-apiserver on the loopback interface, with RBAC and no controllers.
 * Their programs are those of the directory that KUBEBUILDER_ASSETS names, as Kubebuilder's tests have it, or of the
 * path. Both end with the JVM that started them.
 */
final class ControlPlane {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Path directory;
    private final List<Process> processes = new ArrayList<>();
    private final Path kubeconfig;

    private ControlPlane(Path directory) {
        this.directory = directory;
        this.kubeconfig = directory.resolve("kubeconfig");
    }

    /** Whether the programs are here. */
    static boolean isInstalled() {
        return program("etcd") != null && program("kube-apiserver") != null;
    }

    private static @Nullable Path program(String name) {
        String assets = System.getenv("KUBEBUILDER_ASSETS");
        String places = assets == null ? System.getenv("PATH") : assets;
        return Stream.of(places.split(File.pathSeparator)).map(place -> Path.of(place, name))
                .filter(Files::isExecutable).findFirst().orElse(null);
    }

    /**
     * Starts both, waits until the API server is ready.
     *
     * @return a kubeconfig of an administrator
     */
    static Path start() {
        try {
            ControlPlane started = new ControlPlane(Files.createTempDirectory("control-plane"));
            Runtime.getRuntime().addShutdownHook(new Thread(started::end));
            started.run();
            return started.kubeconfig;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private void run() throws IOException, GeneralSecurityException {
        String store = "http://127.0.0.1:" + freePort();
        String peers = "http://127.0.0.1:" + freePort();
        launch("etcd", "--data-dir", directory.resolve("etcd").toString(), "--listen-client-urls", store,
                "--advertise-client-urls", store, "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers,
                "--initial-cluster", "default=" + peers, "--unsafe-no-fsync");
        String token = HexFormat.of().formatHex(SecureRandom.getInstanceStrong().generateSeed(16));
        Path tokens = Files.writeString(directory.resolve("tokens"), token + ",tester,tester,system:masters\n");
        KeyPairGenerator keys = KeyPairGenerator.getInstance("RSA");
        keys.initialize(2048);
        Path key = Files.writeString(directory.resolve("accounts.key"), "-----BEGIN PRIVATE KEY-----\n"
                + Base64.getMimeEncoder(64, "\n".getBytes(US_ASCII))
                        .encodeToString(keys.generateKeyPair().getPrivate().getEncoded())
                + "\n-----END PRIVATE KEY-----\n");
        int port = freePort();
        // Nobody here makes accounts for namespaces, or takes the taint of a new node away.
        launch("kube-apiserver", "--etcd-servers", store, "--bind-address", "127.0.0.1", "--secure-port",
                Integer.toString(port), "--cert-dir", directory.resolve("certificates").toString(),
                "--token-auth-file", tokens.toString(), "--authorization-mode", "RBAC", "--service-account-issuer",
                "https://localhost", "--service-account-key-file", key.toString(), "--service-account-signing-key-file",
                key.toString(), "--service-cluster-ip-range", "10.0.0.0/24", "--disable-admission-plugins",
                "ServiceAccount,TaintNodesByCondition");
        Files.writeString(kubeconfig, """
                apiVersion: v1
                kind: Config
                clusters: [{name: c, cluster: {server: "https://127.0.0.1:%d", insecure-skip-tls-verify: true}}]
                contexts: [{name: c, context: {cluster: c, user: c}}]
                current-context: c
                users: [{name: c, user: {token: "%s"}}]
                """.formatted(port, token));
        await();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void launch(String name, String... options) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(String.valueOf(program(name)));
        command.addAll(List.of(options));
        processes.add(new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(directory.resolve(name + ".log").toFile()).start());
    }

    private void await() throws IOException {
        Config config = new ConfigBuilder(Config.fromKubeconfig(kubeconfig.toFile())).withRequestRetryBackoffLimit(0)
                .build();
        try (KubernetesClient client = new KubernetesClientBuilder().withConfig(config).build()) {
            eventually(PATIENCE, () -> !processes.stream().allMatch(Process::isAlive) || isReady(client));
            assertThat(processes).as(tail("etcd") + tail("kube-apiserver")).allMatch(Process::isAlive);
        }
    }

    private static boolean isReady(KubernetesClient client) {
        try {
            return "ok".equals(client.raw("/readyz"));
        } catch (KubernetesClientException e) {
            return false;
        }
    }

    private String tail(String name) throws IOException {
        List<String> lines = Files.readAllLines(directory.resolve(name + ".log"));
        return "\n" + name + ":\n" + String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
    }

    private void end() {
        // The API server before its store.
        for (Process process : processes.reversed()) {
            process.destroy();
            try {
                if (!process.waitFor(5, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException e) {
                process.destroyForcibly();
            }
        }
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        } catch (IOException | UncheckedIOException e) {
            // It lies in the directory for temporary files.
        }
    }
}
