package io.solaster.http.exchange;

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
    private boolean told;
    private @Nullable Throwable failure;

    /** One more, who is told at once if the others were. */
    void add(Consumer<@Nullable Throwable> listener, LoopRequest of) {
        if (told) {
            tell(listener, failure, of);
            return;
        }
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
        told = false;
        failure = null;
    }

    /** Tells each, once: null for an exchange that ended well. */
    void tell(@Nullable Throwable why, LoopRequest of) {
        List<Consumer<@Nullable Throwable>> all = listeners;
        if (!told) {
            told = true;
            failure = why;
        }
        if (all == null) {
            return;
        }
        listeners = null;
        for (Consumer<@Nullable Throwable> each : all) {
            tell(each, why, of);
        }
    }

    private static void tell(Consumer<@Nullable Throwable> listener, @Nullable Throwable why, LoopRequest of) {
        try {
            listener.accept(why);
        } catch (RuntimeException e) {
            log.error("A listener to the end of {} failed", of, e);
        }
    }
}
