package io.solaster.engine.readme;

import java.util.concurrent.CompletableFuture;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;
import io.solaster.engine.mesh.RoundTrip;

/** A message that is used again: no future, and nothing allocated. */
final class RoundTripExample {

    private RoundTripExample() {}

    static CompletableFuture<Long> run(Engine engine) {
        Sharded<long[]> hits = engine.sharded(shard -> new long[1]);
        CompletableFuture<Long> last = new CompletableFuture<>();
        RoundTrip trip = new RoundTrip() {
            private int left = 1_000;
            private long counted;

            @Override // on shard 1
            protected void serve() {
                counted = ++hits.local()[0];
            }

            @Override // at home on shard 0; from here it may be sent again, or go back to a pool
            protected void answered() {
                if (--left > 0) {
                    send(Shard.current().mesh(), 1);
                } else {
                    last.complete(counted);
                }
            }

            @Override // serve() threw, or the engine stopped meanwhile
            protected void failed(Throwable cause) {
                last.completeExceptionally(cause);
            }
        };
        engine.shard(0).execute(() -> trip.send(Shard.current().mesh(), 1));
        return last;
    }
}
