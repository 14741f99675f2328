package io.solaster.operator.observe;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

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
 * Asks pods for {@code /actuator/shards}, and remembers what each said last. Any thread.
 */
public final class Reports implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(3);
    /** Pods asked at once. */
    private static final int AT_ONCE = 32;

    private final Function<Pod, @Nullable URI> address;
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(PATIENCE).build();
    private final Semaphore room = new Semaphore(AT_ONCE);
    private final ObjectReader reader = JsonMapper.builder().addModule(new JavaTimeModule())
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build().readerFor(ShardReport.class);
    private final Map<String, PodReport> reports = new ConcurrentHashMap<>();
    private final Map<String, Load> loads = new ConcurrentHashMap<>();
    private final Map<String, Traffic> traffic = new ConcurrentHashMap<>();

    private record Answer(PodReport report, @Nullable Load load, @Nullable Traffic traffic) {}

    /** @param address where a pod answers; null if it cannot be asked now */
    public Reports(Function<Pod, @Nullable URI> address) {
        this.address = address;
    }

    /** Asks pods at the port that is called 'management'. */
    public static @Nullable URI management(Pod pod) {
        String ip = pod.getStatus() == null ? null : pod.getStatus().getPodIP();
        if (ip == null) {
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
        try {
            HttpResponse<String> response = http.send(
                    HttpRequest.newBuilder(uri).timeout(PATIENCE).header("Accept", "application/json").build(),
                    BodyHandlers.ofString());
            if (response.statusCode() != 200) {
                return failed("/actuator/shards answers " + response.statusCode());
            }
            ShardReport report = reader.readValue(response.body());
            return new Answer(PodReport.of(report), PodReport.load(report), Traffic.of(report));
        } catch (IOException e) {
            // Without what differs from time to time, such as ports.
            return failed("/actuator/shards does not answer (" + e.getClass().getSimpleName() + ")");
        } catch (RuntimeException e) {
            return failed("/actuator/shards answers what cannot be read");
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
