package io.solaster.operator.observe;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.Pod;
import io.solaster.config.plan.ShardReport;
import io.solaster.operator.observe.PodReport.Load;
import org.jspecify.annotations.Nullable;

/**
 * Asks pods for {@code /actuator/shards}, and remembers what each said last. A pod runs what its user wrote, and may answer
 * whatever it likes: an answer has room for so much and no more, in bytes, in tokens, and in what is remembered of it, and
 * all of it has to be there in time. Nobody else than the pod is asked, whatever it refers to. Any thread.
 */
public final class Reports implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(3);
    /** Pods asked at once. */
    private static final int AT_ONCE = 32;
    /** Bytes of an answer: 2,000 shards and more. That of its headers has the client's own bound. */
    static final int MOST_BYTES = 1 << 20;
    /** What is small as text may be large as objects. */
    private static final int MOST_TOKENS = 200_000;
    private static final int DEEPEST = 32;

    private final Function<Pod, @Nullable URI> address;
    private final Duration patience;
    private final HttpClient http;
    private final Semaphore room = new Semaphore(AT_ONCE);
    /** One answer at a time is made into objects. */
    private final Semaphore reading = new Semaphore(1);
    private final ObjectReader reader = JsonMapper
            .builder(JsonFactory.builder().streamReadConstraints(StreamReadConstraints.builder()
                    .maxTokenCount(MOST_TOKENS).maxNestingDepth(DEEPEST).build()).build())
            .addModule(new JavaTimeModule())
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build().readerFor(ShardReport.class);
    private final Map<String, PodReport> reports = new ConcurrentHashMap<>();
    private final Map<String, Load> loads = new ConcurrentHashMap<>();
    private final Map<String, Traffic> traffic = new ConcurrentHashMap<>();

    private record Answer(PodReport report, @Nullable Load load, @Nullable Traffic traffic) {}

    /** @param address where a pod answers; null if it cannot be asked now */
    public Reports(Function<Pod, @Nullable URI> address) {
        this(address, PATIENCE);
    }

    /** @param patience how long a pod has for its whole answer */
    Reports(Function<Pod, @Nullable URI> address, Duration patience) {
        this.address = address;
        this.patience = patience;
        http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(patience)
                .followRedirects(HttpClient.Redirect.NEVER).proxy(HttpClient.Builder.NO_PROXY)
                // What comes is only put aside there, which takes no longer than to wake another thread for it.
                .executor(Runnable::run).build();
    }

    /** Asks pods at the port that is called 'management', at the address that the API server names. */
    public static @Nullable URI management(Pod pod) {
        String ip = pod.getStatus() == null ? null : pod.getStatus().getPodIP();
        if (ip == null || !literal(ip)) {
            return null;
        }
        for (Container container : pod.getSpec().getContainers()) {
            for (ContainerPort port : container.getPorts()) {
                if ("management".equals(port.getName())) {
                    String host = ip.contains(":") ? "[" + ip + "]" : ip;
                    return URI.create("http://" + host + ":" + port.getContainerPort() + "/actuator/shards");
                }
            }
        }
        return null;
    }

    /** A name would be looked up, and what follows a slash be part of the path. */
    private static boolean literal(String ip) {
        try {
            return InetAddress.ofLiteral(ip).getHostAddress() != null;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** What a pod said last; null if it was not asked yet. */
    public @Nullable PodReport of(Pod pod) {
        return reports.get(pod.getMetadata().getUid());
    }

    /** How busy a pod was when it was last asked; null if that is not known. */
    public @Nullable Load load(Pod pod) {
        return loads.get(pod.getMetadata().getUid());
    }

    /** What a pod had answered since its start when it was last asked; null if that is not known. */
    public @Nullable Traffic traffic(Pod pod) {
        return traffic.get(pod.getMetadata().getUid());
    }

    /**
     * Asks pods, and forgets all others. Waits for all answers.
     *
     * @param changed hears of each pod that says something else than before
     */
    public void ask(Supplier<List<Pod>> pods, Consumer<Pod> changed) {
        List<Pod> asked = pods.get();
        Set<String> there = new HashSet<>();
        List<Thread> waits = new ArrayList<>();
        for (Pod pod : asked) {
            there.add(pod.getMetadata().getUid());
            URI uri = address.apply(pod);
            boolean running = pod.getStatus() != null && "Running".equals(pod.getStatus().getPhase());
            if (uri != null && running) {
                waits.add(Thread.ofVirtual().name("reports").start(() -> ask(pod, uri, changed)));
            }
        }
        try {
            for (Thread wait : waits) {
                wait.join();
            }
        } catch (InterruptedException e) {
            waits.forEach(Thread::interrupt);
            Thread.currentThread().interrupt();
            return;
        }
        reports.keySet().retainAll(there);
        loads.keySet().retainAll(there);
        traffic.keySet().retainAll(there);
    }

    private void ask(Pod pod, URI uri, Consumer<Pod> changed) {
        Answer answer;
        try {
            room.acquire();
            try {
                answer = answer(uri);
            } finally {
                room.release();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        String uid = pod.getMetadata().getUid();
        put(loads, uid, answer.load());
        put(traffic, uid, answer.traffic());
        if (!answer.report().equals(reports.put(uid, answer.report()))) {
            changed.accept(pod);
        }
    }

    private static <T> void put(Map<String, T> all, String uid, @Nullable T told) {
        if (told == null) {
            all.remove(uid);
        } else {
            all.put(uid, told);
        }
    }

    private Answer answer(URI uri) throws InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(uri).header("Accept", "application/json").build();
        // The client's own limit ends with the headers; what is waited for here is the whole answer.
        CompletableFuture<HttpResponse<byte[]>> asked = http.sendAsync(request, info -> new BoundedBody(MOST_BYTES));
        try {
            HttpResponse<byte[]> response = asked.get(patience.toNanos(), TimeUnit.NANOSECONDS);
            return response.statusCode() == 200
                    ? read(response.body())
                    : failed("/actuator/shards answers " + response.statusCode());
        } catch (TimeoutException e) {
            return failed("/actuator/shards has not answered within " + patience.toMillis() + " ms");
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            return failed(cause instanceof BoundedBody.TooLargeException
                    ? "/actuator/shards answers with more than " + MOST_BYTES + " bytes"
                    // Without what differs from time to time, such as ports.
                    : "/actuator/shards does not answer (" + cause.getClass().getSimpleName() + ")");
        } finally {
            // Ends the connection where it is still under way.
            asked.cancel(true);
        }
    }

    private Answer read(byte[] body) throws InterruptedException {
        reading.acquire();
        try {
            ShardReport report = reader.readValue(body);
            return new Answer(PodReport.of(report), PodReport.load(report), Traffic.of(report));
        } catch (IOException | RuntimeException e) {
            return failed("/actuator/shards answers what cannot be read");
        } finally {
            reading.release();
        }
    }

    private static Answer failed(String error) {
        return new Answer(PodReport.failed(error), null, null);
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
