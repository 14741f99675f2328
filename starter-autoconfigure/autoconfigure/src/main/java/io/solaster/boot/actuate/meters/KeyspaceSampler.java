package io.solaster.boot.actuate.meters;

import io.solaster.store.Store;

/** Asks the shards how much they hold, as a {@link Sampler} does. */
final class KeyspaceSampler {
    private final Sampler<Sample> sampler;

    KeyspaceSampler(Store store) {
        // Off the shards, since the store waits for them.
        this.sampler = new Sampler<>(new Sample(Double.NaN, Double.NaN),
                () -> store.engine().offload().call(() -> new Sample(store.size(), store.usedMemory())));
    }

    /** Keys on all shards; not a number before the first answer. */
    double keys() {
        return sampler.get().keys;
    }

    /** Bytes taken from the system; not a number before the first answer. */
    double bytes() {
        return sampler.get().bytes;
    }

    private record Sample(double keys, double bytes) {}
}
