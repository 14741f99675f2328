package io.solaster.pool.discovery;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

import io.solaster.pool.Endpoint;

/** Keeps what a discovery tells. */
final class Found implements Discovery.Listener {
    final List<List<Endpoint>> found = new CopyOnWriteArrayList<>();
    final List<Throwable> failures = new CopyOnWriteArrayList<>();

    @Override
    public void found(List<Endpoint> endpoints) {
        found.add(List.copyOf(endpoints));
    }

    @Override
    public void failed(Throwable cause) {
        failures.add(cause);
    }

    List<Endpoint> last() {
        return found.isEmpty() ? List.of() : found.getLast();
    }

    /** Waits until these are what was found last, weights and all told plainly. */
    void until(String... endpoints) {
        List<String> wanted = List.of(endpoints);
        until(() -> !found.isEmpty() && last().stream().map(Endpoint::address).toList().equals(wanted));
    }

    void untilFailed() {
        int before = failures.size();
        until(() -> failures.size() > before);
    }

    void until(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not so within 60 s; found " + found + ", failures " + failures);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }
}
