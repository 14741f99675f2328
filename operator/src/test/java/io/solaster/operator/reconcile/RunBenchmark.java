package io.solaster.operator.reconcile;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.sun.net.httpserver.HttpServer;
import io.solaster.operator.Objects;

/**
 * The operator with many services: a process of its own, with the flags of its image, beside an API server in memory and
 * one pod of each service that answers for itself.
 */
final class RunBenchmark {
    private static final String SETS = "apps/v1/statefulsets";
    private static final String SERVICES = "solaster.io/v1alpha1/shardedservices";
    private static final int AT_ONCE = 100;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final MemoryApi api = new MemoryApi(200_000);
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
            .executor(Executors.newVirtualThreadPerTaskExecutor()).build();
    private final int services;
    private Process operator;
    private volatile int port;

    private RunBenchmark(int services) {
        this.services = services;
    }

    /** Arguments: services, idle seconds, rounds; with none of the last two only the start is measured. */
    public static void main(String[] args) throws Exception {
        RunBenchmark benchmark = new RunBenchmark(args.length > 0 ? Integer.parseInt(args[0]) : 1000);
        try {
            benchmark.run(args.length > 1 ? Integer.parseInt(args[1]) : 30,
                    args.length > 2 ? Integer.parseInt(args[2]) : 10);
        } finally {
            benchmark.operator.toHandle().destroy();
            benchmark.operator.waitFor(30, TimeUnit.SECONDS);
        }
        System.exit(0);
    }

    private static String name(int i) {
        return String.format(Locale.ROOT, "s%04d", i);
    }

    private void run(int idleSeconds, int rounds) throws Exception {
        HttpServer pods = pods();
        cluster();
        for (int i = 0; i < services; i++) {
            post("/apis/" + SERVICES.replace("v1alpha1/", "v1alpha1/namespaces/shop/"), """
                    {"apiVersion":"solaster.io/v1alpha1","kind":"ShardedService",
                    "metadata":{"name":"%s","namespace":"shop"},"spec":{"image":"registry.example/kv:0","replicas":1,
                    "shards":{"count":2},"memory":{"perShard":"1Gi"},
                    "ports":[{"name":"resp","containerPort":6379},{"name":"management","containerPort":%d}],
                    "config":{"solaster":{"engine":{"transport":"epoll","shutdown-timeout":"30s"}}}}}"""
                    .formatted(name(i), pods.getAddress().getPort()));
        }
        long begun = System.nanoTime();
        long requests = api.requests();
        Duration ours = cpuOfThis();
        start();
        until(100, () -> api.count(SETS) == services
                && all(SERVICES, service -> service.at("/status/observedGeneration").asInt() > 0));
        System.out.printf(Locale.ROOT,
                "%,d services planned and applied %.1f s after the start of the process (goal 8)%n",
                services, (System.nanoTime() - begun) / 1e9);
        System.out.printf(Locale.ROOT, "  %.1f s of CPU, of which %.1f compile, beside %.1f s of the API server;"
                + " %.1f requests a service; stopped by the collector for %.2f s, of all of the heap for %.2f s%n",
                cpuSeconds(), compilerSeconds(), cpuOfThis().minus(ours).toMillis() / 1e3,
                (api.requests() - requests) / (double) services, metric("jvm_gc_pause_seconds_sum"),
                metric("jvm_gc_pause_seconds_sum{action=\"end of major"));
        if (idleSeconds == 0 && rounds == 0) {
            return;
        }
        for (int i = 0; i < services; i++) {
            pod(i, pods.getAddress().getPort());
        }
        until(100, () -> all(SERVICES, service -> service.at("/status/pods/0").has("cpus")));
        settle();
        idle(idleSeconds);
        resync();
        changes("image", 400, rounds, round -> "{\"spec\":{\"image\":\"registry.example/kv:" + round + "\"}}",
                (set, round) -> set.at("/spec/template/spec/containers/0/image").asText().endsWith(":" + round));
        changes("shards, so that all is planned anew", 500, rounds,
                round -> "{\"spec\":{\"shards\":{\"count\":" + shards(round) + "}}}",
                (set, round) -> set.at("/spec/template/spec/containers/0/env").toString()
                        .contains("\"SOLASTER_ENGINE_SHARDS\",\"value\":\"" + shards(round) + "\""));
        settle();
        System.out.print("with its code compiled, ");
        idle(idleSeconds);
        pods.stop(0);
    }

    /** Other ones than before, also when it is the turn of the same services again. */
    private int shards(int round) {
        return 3 + round * Math.min(AT_ONCE, services) / services % 2;
    }

    private void cluster() throws Exception {
        JsonNode profile = JSON.valueToTree(Objects.twoBy16());
        post("/apis/solaster.io/v1alpha1/topologyprofiles", profile.toString());
        for (int i = 0; i < Math.max(2, services / 6); i++) {
            post("/api/v1/nodes", JSON.valueToTree(Objects.node("node-" + i, 32, "30", "128Gi",
                    new TreeMap<>(Map.of("kubernetes.io/hostname", "node-" + i)))).toString());
        }
    }

    /** All pods answer at one port, each of them the same. */
    private static HttpServer pods() throws IOException {
        byte[] report = """
                {"engine":"main","state":"healthy","problems":[],"impairments":[],"transport":"epoll",
                "transportReason":"","plan":{"pinned":true,"spin":false,"housekeeping":"","reasons":[]},
                "shards":[{"id":0,"cpu":1,"numaNode":0,"state":"running","utilization":0.5},
                {"id":1,"cpu":2,"numaNode":0,"state":"running","utilization":0.5}],
                "groups":[],"servers":[]}""".getBytes(UTF_8);
        HttpServer pods = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1000);
        pods.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        pods.createContext("/", exchange -> {
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, report.length);
            exchange.getResponseBody().write(report);
            exchange.close();
        });
        pods.start();
        return pods;
    }

    private void pod(int i, int port) throws Exception {
        post("/api/v1/namespaces/shop/pods", new ObjectMapper().writeValueAsString(new YAMLMapper().readTree("""
                apiVersion: v1
                kind: Pod
                metadata:
                  name: %1$s-two-0
                  namespace: shop
                  labels: {solaster.io/service: %1$s, solaster.io/topology-class: two}
                  ownerReferences:
                  - {apiVersion: apps/v1, kind: StatefulSet, name: %1$s-two, uid: %4$s, controller: true}
                spec:
                  nodeName: node-%2$d
                  containers:
                  - name: service
                    ports: [{name: management, containerPort: %3$d}]
                    resources:
                      requests: {cpu: 2, memory: 2Gi}
                      limits: {cpu: 2, memory: 2Gi}
                status: {phase: Running, qosClass: Guaranteed, podIP: 127.0.0.1}
                """.formatted(name(i), i % Math.max(2, services / 6), port,
                JSON.readTree(http.send(
                        HttpRequest.newBuilder(URI.create("http://localhost:" + api.port()
                                + "/apis/apps/v1/namespaces/shop/statefulsets/" + name(i) + "-two")).build(),
                        BodyHandlers.ofString()).body()).at("/metadata/uid").asText()))));
    }

    private void start() throws IOException {
        Path kubeconfig = Files.createTempFile("kubeconfig", ".yaml");
        kubeconfig.toFile().deleteOnExit();
        Files.writeString(kubeconfig, """
                apiVersion: v1
                kind: Config
                clusters: [{name: c, cluster: {server: "http://localhost:%d/"}}]
                contexts: [{name: c, context: {cluster: c, user: c, namespace: shop}}]
                current-context: c
                users: [{name: c, user: {}}]
                """.formatted(api.port()));
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", "-XX:MetaspaceSize=128m", "-XX:ReservedCodeCacheSize=128m", "-Xmx256m",
                "-XX:+ExitOnOutOfMemoryError", "-cp", System.getProperty("java.class.path"),
                "io.solaster.operator.command.Main", "run", "--port", "0", "--namespaces", "shop",
                "--lease-namespace", "shop");
        builder.environment().put("KUBECONFIG", kubeconfig.toString());
        builder.environment().put("SOLASTER_LOG_LEVEL", "INFO");
        operator = builder.redirectErrorStream(true).start();
        Pattern told = Pattern.compile("Health and metrics on port (\\d+)");
        Thread.ofVirtual().start(() -> operator.inputReader(UTF_8).lines().forEach(line -> {
            Matcher match = told.matcher(line);
            if (match.find()) {
                port = Integer.parseInt(match.group(1));
            }
            if (line.contains("WARN") || line.contains("ERROR") || line.startsWith("\t")) {
                System.out.println(line);
            }
        }));
    }

    /** Waits until nothing is written any more, figures that others have changed neither. */
    private void settle() throws InterruptedException {
        long before;
        do {
            before = api.writes();
            Thread.sleep(8_000);
        } while (api.writes() != before);
    }

    private void idle(int seconds) throws Exception {
        long writes = api.writes();
        long requests = api.requests();
        double cpu = cpuSeconds();
        double compilers = compilerSeconds();
        long begun = System.nanoTime();
        Thread.sleep(Duration.ofSeconds(seconds));
        double wall = (System.nanoTime() - begun) / 1e9;
        System.out.printf(Locale.ROOT,
                "idle for %.0f s, each pod asked every 30 s: %.2f %% of a core (goal 1), of which %.2f compile code that"
                        + " is new; %d writes (goal 0), %d requests%n",
                wall, (cpuSeconds() - cpu) / wall * 100, (compilerSeconds() - compilers) / wall * 100,
                api.writes() - writes, api.requests() - requests);
        heap();
    }

    private void heap() throws Exception {
        new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                String.valueOf(operator.pid()), "GC.run").redirectErrorStream(true).start().waitFor();
        double used = metric("jvm_memory_used_bytes{area=\"heap\"");
        System.out.printf(Locale.ROOT, "heap: %.0f MiB live of 256 at most (-Xmx256m)%n", used / (1 << 20));
    }

    /** The sum of the operator's meters that begin so. */
    private double metric(String begins) throws Exception {
        return Arrays.stream(get("http://localhost:" + port + "/metrics").split("\n"))
                .filter(line -> line.startsWith(begins))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ')))).sum();
    }

    /** All watches break and all lists are read again: nothing is written for it. */
    private void resync() throws Exception {
        long writes = api.writes();
        double cpu = cpuSeconds();
        int there = api.away();
        api.forget();
        api.back(there);
        Thread.sleep(10_000);
        System.out.printf(Locale.ROOT, "all lists read again: %d writes (goal 0), %.2f s of CPU%n",
                api.writes() - writes, cpuSeconds() - cpu);
    }

    private interface Arrived {
        boolean test(JsonNode set, int round);
    }

    private void changes(String what, int goal, int rounds, IntFunction<String> patch, Arrived arrived)
            throws Exception {
        int together = Math.min(AT_ONCE, services);
        List<Double> cold = new ArrayList<>();
        List<Double> all = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            int now = round;
            Map<String, Long> open = new ConcurrentHashMap<>();
            Map<String, JsonNode> seen = new HashMap<>();
            List<Double> took = round == 1 ? cold : all;
            double cpu = cpuSeconds();
            double compilers = compilerSeconds();
            long requests = api.requests();
            double plans = metric("solaster_operator_plans_made");
            AtomicReference<Exception> failure = new AtomicReference<>();
            List<Thread> changes = new ArrayList<>();
            for (int i = 0; i < together; i++) {
                String service = name((round * together + i) % services);
                changes.add(Thread.ofVirtual().start(() -> {
                    open.put(service, System.nanoTime());
                    try {
                        patch("/apis/solaster.io/v1alpha1/namespaces/shop/shardedservices/" + service,
                                patch.apply(now));
                    } catch (Exception e) {
                        failure.set(e);
                    }
                }));
            }
            until(3, () -> open.keySet().stream().sorted().limit(5).map(service -> api.peek(SERVICES, "shop/" + service)
                    + "\n" + api.peek(SETS, "shop/" + service + "-two") + "\n").toList() + " of " + open.size()
                    + ", " + took.size() + " have arrived", () -> {
                        if (failure.get() != null) {
                            throw new IllegalStateException("a service could not be changed", failure.get());
                        }
                        open.forEach((service, begun) -> {
                            JsonNode set = api.peek(SETS, "shop/" + service + "-two");
                            // To look at the same object again would take the processor from those who are measured.
                            if (set != null && set != seen.put(service, set) && arrived.test(set, now)) {
                                took.add((System.nanoTime() - begun) / 1e6);
                                open.remove(service);
                            }
                        });
                        return took.size() == together * (now == 1 ? 1 : now - 1);
                    });
            for (Thread change : changes) {
                change.join();
            }
            Thread.sleep(2_000);
            System.out.printf(Locale.ROOT, "  round %d, with 2 s after it: %.1f ms of CPU and %.1f requests a change,"
                    + " and %.1f ms of compilers; plans were made %.0f times%n", round,
                    (cpuSeconds() - cpu - compilerSeconds() + compilers) * 1000 / together,
                    (api.requests() - requests - together) / (double) together,
                    (compilerSeconds() - compilers) * 1000 / together,
                    metric("solaster_operator_plans_made") - plans);
        }
        for (List<Double> each : List.of(cold, all)) {
            if (!each.isEmpty()) {
                each.sort(null);
                System.out.printf(Locale.ROOT,
                        "%d changes at once of %s, %s: p50 %.0f ms, p99 %.0f ms (goal %d), max %.0f ms%n",
                        together, what, each == cold ? "the first" : rounds - 1 + " times", at(each, 0.5),
                        at(each, 0.99), goal, each.getLast());
            }
        }
    }

    private static double at(List<Double> sorted, double part) {
        return sorted.get((int) Math.min(sorted.size() - 1, Math.ceil(sorted.size() * part) - 1));
    }

    private boolean all(String collection, Predicate<JsonNode> is) {
        for (int i = 0; i < services; i++) {
            JsonNode object = api.peek(collection, "shop/" + name(i));
            if (object == null || !is.test(object)) {
                return false;
            }
        }
        return true;
    }

    private static Duration cpuOfThis() {
        return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
    }

    private double cpuSeconds() throws IOException {
        return cpuSeconds(Files.readString(Path.of("/proc", String.valueOf(operator.pid()), "stat")));
    }

    /** What the compilers of the JVM took, which is much of what a young process takes, and none of an old one. */
    private double compilerSeconds() throws IOException {
        double sum = 0;
        try (Stream<Path> threads = Files.list(Path.of("/proc", String.valueOf(operator.pid()), "task"))) {
            for (Path thread : threads.toList()) {
                try {
                    String stat = Files.readString(thread.resolve("stat"));
                    if (stat.contains("(C1 ") || stat.contains("(C2 ")) {
                        sum += cpuSeconds(stat);
                    }
                } catch (IOException e) {
                    // It has ended.
                }
            }
        }
        return sum;
    }

    private static double cpuSeconds(String stat) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / 100.0;
    }

    private void until(int millis, BooleanSupplier condition) throws InterruptedException {
        until(millis, () -> "", condition);
    }

    private void until(int millis, Supplier<String> missing, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofMinutes(3).toNanos();
        while (!condition.getAsBoolean()) {
            if (!operator.isAlive()) {
                throw new IllegalStateException("the operator has ended with " + operator.exitValue());
            }
            if (System.nanoTime() > end) {
                throw new IllegalStateException("not reached within 3 minutes " + missing.get());
            }
            Thread.sleep(millis);
        }
    }

    private void post(String path, String body) throws Exception {
        send("POST", path, "application/json", body);
    }

    private void patch(String path, String body) throws Exception {
        send("PATCH", path, "application/merge-patch+json", body);
    }

    private void send(String method, String path, String type, String body) throws Exception {
        var response = http.send(HttpRequest.newBuilder(URI.create("http://localhost:" + api.port() + path))
                .header("Content-Type", type).method(method, BodyPublishers.ofString(body)).build(),
                BodyHandlers.ofString());
        if (response.statusCode() >= 300) {
            throw new IllegalStateException(path + ": " + response.body());
        }
    }

    private String get(String uri) throws Exception {
        return http.send(HttpRequest.newBuilder(URI.create(uri)).build(), BodyHandlers.ofString()).body();
    }
}
