package io.solaster.engine.net;

import java.util.concurrent.atomic.AtomicBoolean;

import io.solaster.engine.Engine;
import io.solaster.engine.mesh.RoundTrip;

/** A message that is sent again as soon as it is back. */
final class Rounds extends RoundTrip {
    private final Engine engine;
    private final int to;
    private final AtomicBoolean over;

    Rounds(Engine engine, int to, AtomicBoolean over) {
        this.engine = engine;
        this.to = to;
        this.over = over;
    }

    void go() {
        send(engine.shard(1 - to).mesh(), to);
    }

    @Override
    protected void serve() {
        // There and back is all.
    }

    @Override
    protected void answered() {
        if (!over.get()) {
            go();
        }
    }

    @Override
    protected void failed(Throwable cause) {
        // The engine stops.
    }
}
