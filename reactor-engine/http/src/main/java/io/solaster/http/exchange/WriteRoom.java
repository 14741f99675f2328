package io.solaster.http.exchange;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * Who waits until a response has room for more: virtual threads, which are not told by a call. Made for a response whose
 * body is written so; on the owning shard and its virtual threads.
 */
final class WriteRoom {
    /** What a virtual thread may hand over before it waits for the loop to have taken that. */
    private static final int UNCONFIRMED = 64 << 10;

    private final Shard shard;
    private final Exchange exchange;
    private @Nullable ShardFuture<@Nullable Void> waiting;
    private int handed;

    WriteRoom(Exchange exchange) {
        this.shard = exchange.shard().shard();
        this.exchange = exchange;
    }

    /** Done once there is room, or the exchange is over. */
    ShardFuture<@Nullable Void> writable() {
        ShardFuture<@Nullable Void> known = waiting;
        if (known == null) {
            known = shard.newFuture();
            waiting = known;
            if (shard.inEventLoop()) {
                look();
            } else {
                // Behind what this thread has handed over.
                shard.execute(this::look);
            }
        }
        return known;
    }

    /** Has the virtual thread wait that hands so many bytes over, if it is time to. */
    void handed(int bytes) {
        handed += bytes;
        if (handed >= UNCONFIRMED) {
            handed = 0;
            writable().join();
        }
    }

    /** Something may have changed. */
    void look() {
        ShardFuture<@Nullable Void> known = waiting;
        if (known != null && (exchange.response().isOver() || exchange.response().isWritable())) {
            waiting = null;
            known.resolve(null);
        }
    }
}
