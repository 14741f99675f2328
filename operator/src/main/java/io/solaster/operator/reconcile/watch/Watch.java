package io.solaster.operator.reconcile.watch;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.dsl.Informable;
import io.fabric8.kubernetes.client.dsl.MixedOperation;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What there is of one kind: in the whole cluster, or in some namespaces by an informer each, since that is what a Role
 * permits. What the API server refuses is asked again, ever later, and told in the log. Any thread.
 */
public final class Watch<T extends HasMetadata> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Watch.class);

    private static final long QUIET = Duration.ofMinutes(1).toNanos();

    private final List<SharedIndexInformer<T>> informers = new ArrayList<>();
    private final AtomicLong told = new AtomicLong(System.nanoTime() - QUIET);

    private Watch(List<? extends Informable<T>> where, String what) {
        for (Informable<T> each : where) {
            SharedIndexInformer<T> informer = each.runnableInformer(0);
            informer.exceptionHandler((started, error) -> {
                // Each attempt fails alike.
                long now = System.nanoTime();
                long last = told.get();
                if (now - last >= QUIET && told.compareAndSet(last, now)) {
                    LOG.warn("Watching {} failed and is tried again: {}", what, error.getMessage());
                }
                return true;
            });
            informers.add(informer);
        }
    }

    /** Objects of no namespace, or those that an operation selects already. */
    public static <T extends HasMetadata> Watch<T> of(Informable<T> what, String name) {
        return new Watch<>(List.of(what), name);
    }

    /**
     * Objects of some namespaces.
     *
     * @param namespaces where; everywhere if empty
     */
    public static <T extends HasMetadata> Watch<T> of(MixedOperation<T, ?, ?> all, Set<String> namespaces,
            String name) {
        return new Watch<>(namespaces.isEmpty()
                ? List.of(all.inAnyNamespace())
                : namespaces.stream().sorted().map(all::inNamespace).toList(), name);
    }

    /** Finds objects by what a function makes of each; before the start. */
    public Watch<T> indexed(String index, Function<T, List<String>> keys) {
        informers.forEach(informer -> informer.addIndexers(Map.of(index, keys)));
        return this;
    }

    public Watch<T> with(ResourceEventHandler<T> handler) {
        informers.forEach(informer -> informer.addEventHandler(handler));
        return this;
    }

    /** Lists and watches; done when all is known. */
    public CompletableFuture<Void> start() {
        return CompletableFuture.allOf(informers.stream().map(informer -> informer.start().toCompletableFuture())
                .toArray(CompletableFuture<?>[]::new));
    }

    /** Whether it knows what there is. */
    public boolean inStep() {
        return informers.stream().allMatch(SharedIndexInformer::hasSynced);
    }

    public List<T> list() {
        if (informers.size() == 1) {
            return informers.getFirst().getIndexer().list();
        }
        return informers.stream().flatMap(informer -> informer.getIndexer().list().stream()).toList();
    }

    public List<T> by(String index, String key) {
        if (informers.size() == 1) {
            return informers.getFirst().getIndexer().byIndex(index, key);
        }
        return informers.stream().flatMap(informer -> informer.getIndexer().byIndex(index, key).stream()).toList();
    }

    /** One without a namespace, by name. */
    @Nullable
    public T get(String name) {
        return informers.getFirst().getIndexer().getByKey(name);
    }

    @Override
    public void close() {
        informers.forEach(SharedIndexInformer::close);
    }
}
