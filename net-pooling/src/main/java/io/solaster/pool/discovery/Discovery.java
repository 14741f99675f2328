package io.solaster.pool.discovery;

import java.util.List;

import io.solaster.pool.Endpoint;

/**
 * Finds the endpoints behind a name, and tells of changes. Where it fails or finds nothing for a while, what was found
 * before goes on to hold.
 */
public interface Discovery extends AutoCloseable {

    /** Who is asked for what, for logs: {@code dns orders.example}. */
    String name();

    /** Begins. Called once, on any thread; it does not block. */
    void start(Listener listener);

    /** Asks again now, if it is one that asks. Any thread. */
    default void refresh() {}

    /** Tells nothing any more. Any thread. */
    @Override
    void close();

    /** Endpoints that never change. */
    static Discovery of(List<Endpoint> endpoints) {
        return new Discovery() {
            @Override
            public String name() {
                return "static";
            }

            @Override
            public void start(Listener listener) {
                listener.found(endpoints);
            }

            @Override
            public void close() {}
        };
    }

    /** Told of what is found, on any thread, one call after the other. */
    interface Listener {
        /** All endpoints that there are now; never empty unless there truly are none. */
        void found(List<Endpoint> endpoints);

        /** That it could not be asked; what was found before holds. */
        void failed(Throwable cause);
    }
}
