package io.solaster.operator.command;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.OperatorException;
import io.solaster.operator.reconcile.OperatorOptions;
import io.solaster.operator.reconcile.OperatorProcess;
import io.solaster.operator.reconcile.watch.NodeAccess;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code run}: keeps services in a cluster, until it is told to stop. */
@Command(name = "run", mixinStandardHelpOptions = true, sortOptions = false, description = "Keeps sharded services in the cluster that it runs in, or that KUBECONFIG names.")
final class RunCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(RunCommand.class);

    private static final int FAILED = 1;
    private static final int ATTEMPTS = 2;
    private static final int CONNECT_MILLIS = 5_000;

    @Option(names = "--namespaces", split = ",", paramLabel = "NAME", defaultValue = "${env:OPERATOR_NAMESPACES:-}", description = "the namespaces whose services it keeps; all if left out")
    private Set<String> namespaces = Set.of();

    @Option(names = "--namespace-selector", paramLabel = "LABELS", defaultValue = "${env:OPERATOR_NAMESPACE_SELECTOR:-}", description = "labels of those namespaces instead, such as solaster=yes")
    private String selector = "";

    @Option(names = "--nodes", paramLabel = "ACCESS", defaultValue = "${env:OPERATOR_NODES:-Label}", description = "what it may do with nodes: Label reads and labels them, Read only reads them, Declared knows of them by --profiles alone (default: Label)")
    private NodeAccess nodes = NodeAccess.Label;

    @Option(names = "--profiles", paramLabel = "[NAMESPACE/]NAME", defaultValue = "${env:OPERATOR_PROFILES:-}", description = "with --nodes Declared: the ConfigMap with TopologyProfiles that say which nodes there are; in the lease's namespace unless it names another")
    private String profiles = "";

    @Option(names = "--lease-namespace", paramLabel = "NAME", defaultValue = "${env:OPERATOR_LEASE_NAMESPACE:-}", description = "where the lease is that says which of several operators works; none if left out")
    private String lease = "";

    @Option(names = "--port", paramLabel = "PORT", defaultValue = "${env:OPERATOR_PORT:-8080}", description = "where /livez, /readyz and /metrics are (default: 8080)")
    private int port;

    @Option(names = "--report-interval", paramLabel = "SECONDS", defaultValue = "${env:OPERATOR_REPORT_INTERVAL:-30}", description = "how often pods are asked what they are at (default: 30)")
    private int interval;

    @Option(names = "--threads", paramLabel = "N", defaultValue = "${env:OPERATOR_THREADS:-8}", description = "how many services are looked after at once (default: 8)")
    private int threads;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        OperatorOptions options = options();
        Config config = new ConfigBuilder(Config.autoConfigure(null)).build();
        KubernetesClient client = OperatorProcess.client(config);
        // The client would go on trying for minutes, without a word.
        Config impatient = new ConfigBuilder(config).withRequestRetryBackoffLimit(ATTEMPTS)
                .withConnectionTimeout(CONNECT_MILLIS).build();
        OperatorProcess process;
        try (KubernetesClient probe = new KubernetesClientBuilder().withConfig(impatient).build()) {
            probe.getKubernetesVersion();
            process = new OperatorProcess(client, options);
        } catch (KubernetesClientException e) {
            return failed(client, e);
        }
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            LOG.info("Stops.");
            process.close();
            client.close();
            stopped.countDown();
        }, "stop"));
        try {
            process.start();
        } catch (KubernetesClientException | OperatorException e) {
            return failed(client, e);
        } catch (BindException e) {
            LOG.error("Port {} is taken ({}); give another by --port or OPERATOR_PORT", port, e.getMessage());
            return FAILED;
        }
        stopped.await();
        return 0;
    }

    private OperatorOptions options() {
        Set<String> named = new TreeSet<>(namespaces);
        named.remove("");
        String where = profiles.isEmpty() || profiles.contains("/") || lease.isEmpty()
                ? profiles
                : lease + "/" + profiles;
        try {
            return new OperatorOptions(named, selector, lease, identity(), port, Duration.ofSeconds(interval), threads,
                    nodes, where);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(Objects.requireNonNull(spec).commandLine(), String.valueOf(e.getMessage()));
        }
    }

    private static int failed(KubernetesClient client, Exception error) {
        LOG.error("Cannot start against {}: {}; run it in a pod, or set KUBECONFIG", client.getMasterUrl(),
                root(error).toString());
        return FAILED;
    }

    private static Throwable root(Throwable error) {
        Throwable cause = error;
        // What lies below it, such as a channel that is closed, tells less.
        while (cause.getCause() != null && !(cause instanceof ConnectException)) {
            cause = cause.getCause();
        }
        return cause;
    }

    private static String identity() {
        String pod = System.getenv("POD_NAME");
        if (pod != null && !pod.isBlank()) {
            return pod;
        }
        try {
            // Two of one machine must not take each other's lease for their own.
            return InetAddress.getLocalHost().getHostName() + "-" + ProcessHandle.current().pid();
        } catch (UnknownHostException e) {
            return "operator-" + ProcessHandle.current().pid();
        }
    }
}
