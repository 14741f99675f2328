package io.solaster.http.websocket;

import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;

import io.netty.buffer.ByteBuf;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What another thread sends, on its way to the shard. If the shard has ended, the buffer is released. */
final class Handover extends AtomicBoolean implements Runnable {
    private static final Logger log = LoggerFactory.getLogger(Handover.class);

    private final ByteBuf owned;
    private final Callable<Boolean> task;

    /** @param task takes the buffer over */
    Handover(ByteBuf owned, Callable<Boolean> task) {
        this.owned = owned;
        this.task = task;
    }

    @Override
    public void run() {
        if (compareAndSet(false, true)) {
            try {
                task.call();
            } catch (Exception failure) {
                log.error("What another thread has asked for failed", failure);
            }
        }
    }

    /** The shard has ended, perhaps after it has run. */
    void abandon() {
        if (compareAndSet(false, true)) {
            owned.release();
        }
    }
}
