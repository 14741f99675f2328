package io.solaster.pool.discovery;

import java.util.ArrayList;
import java.util.List;

import io.solaster.pool.Endpoint;

/** Endpoints that are always there beside those that are found. What is said of one by name stands before what is found. */
final class NamedAndFound implements Discovery {
    private final List<Endpoint> named;
    private final Discovery discovery;

    NamedAndFound(List<Endpoint> named, Discovery discovery) {
        this.named = List.copyOf(named);
        this.discovery = discovery;
    }

    @Override
    public String name() {
        return discovery.name();
    }

    @Override
    public void start(Listener listener) {
        listener.found(named);
        discovery.start(new Listener() {
            @Override
            public void found(List<Endpoint> endpoints) {
                List<Endpoint> all = new ArrayList<>(named);
                for (Endpoint endpoint : endpoints) {
                    if (named.stream().noneMatch(known -> known.address().equals(endpoint.address()))) {
                        all.add(endpoint);
                    }
                }
                listener.found(all);
            }

            @Override
            public void failed(Throwable cause) {
                listener.failed(cause);
            }
        });
    }

    @Override
    public void refresh() {
        discovery.refresh();
    }

    @Override
    public void close() {
        discovery.close();
    }
}
