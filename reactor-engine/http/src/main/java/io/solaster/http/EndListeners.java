package io.solaster.http;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who wants to hear of the end of one exchange. On the owning shard. */
final class EndListeners {
    private static final Logger log = LoggerFactory.getLogger(EndListeners.class);
    private @Nullable List<Consumer<@Nullable Throwable>> listeners;

    void add(Consumer<@Nullable Throwable> listener) {
        List<Consumer<@Nullable Throwable>> all = listeners;
        if (all == null) {
            all = new ArrayList<>(2);
            listeners = all;
        }
        all.add(listener);
    }

    boolean isEmpty() {
        return listeners == null;
    }

    void clear() {
        listeners = null;
    }

    /** Tells each, once: null for an exchange that ended well. */
    void tell(@Nullable Throwable failure, Request of) {
        List<Consumer<@Nullable Throwable>> all = listeners;
        if (all == null) {
            return;
        }
        listeners = null;
        for (Consumer<@Nullable Throwable> each : all) {
            try {
                each.accept(failure);
            } catch (RuntimeException e) {
                log.error("A listener to the end of {} failed", of, e);
            }
        }
    }
}
