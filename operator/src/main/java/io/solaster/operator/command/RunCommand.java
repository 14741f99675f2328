package io.solaster.operator.command;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.OperatorException;
import io.solaster.operator.reconcile.OperatorOptions;
import io.solaster.operator.reconcile.OperatorProcess;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code run}: keeps services in a cluster, until it is told to stop. */
@Command(name = "run", mixinStandardHelpOptions = true, sortOptions = false, description = "Keeps sharded services in the cluster that it runs in, or that KUBECONFIG names.")
final class RunCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(RunCommand.class);

    private static final int FAILED = 1;

    @Option(names = "--namespaces", split = ",", paramLabel = "NAME", defaultValue = "${env:OPERATOR_NAMESPACES:-}", description = "the namespaces whose services it keeps; all if left out")
    private Set<String> namespaces = Set.of();

    @Option(names = "--namespace-selector", paramLabel = "LABELS", defaultValue = "${env:OPERATOR_NAMESPACE_SELECTOR:-}", description = "labels of those namespaces instead, such as solaster=yes")
    private String selector = "";

    @Option(names = "--lease-namespace", paramLabel = "NAME", defaultValue = "${env:OPERATOR_LEASE_NAMESPACE:-}", description = "where the lease is that says which of several operators works; none if left out")
    private String lease = "";

    @Option(names = "--port", paramLabel = "PORT", defaultValue = "${env:OPERATOR_PORT:-8080}", description = "where /livez, /readyz and /metrics are (default: 8080)")
    private int port;

    @Option(names = "--report-interval", paramLabel = "SECONDS", defaultValue = "${env:OPERATOR_REPORT_INTERVAL:-30}", description = "how often pods are asked what they are at (default: 30)")
    private int interval;

    @Option(names = "--threads", paramLabel = "N", defaultValue = "${env:OPERATOR_THREADS:-8}", description = "how many services are looked after at once (default: 8)")
    private int threads;

    @Override
    public Integer call() throws IOException, InterruptedException {
        Set<String> named = new TreeSet<>(namespaces);
        named.remove("");
        OperatorOptions options = new OperatorOptions(named, selector, lease, identity(), port,
                Duration.ofSeconds(interval), threads);
        KubernetesClient client = new KubernetesClientBuilder().build();
        OperatorProcess process;
        try {
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
        }
        stopped.await();
        return 0;
    }

    private static int failed(KubernetesClient client, Exception error) {
        LOG.error("Cannot start against {}: {}; run it in a pod, or set KUBECONFIG", client.getMasterUrl(),
                root(error).toString());
        return FAILED;
    }

    private static Throwable root(Throwable error) {
        Throwable cause = error;
        while (cause.getCause() != null) {
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
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "operator-" + ProcessHandle.current().pid();
        }
    }
}
