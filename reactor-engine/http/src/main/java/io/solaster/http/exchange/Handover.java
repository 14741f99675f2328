package io.solaster.http.exchange;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.concurrent.atomic.AtomicBoolean;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.file.ShardFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A task on its way to the shard of a {@link Response}, with what it is to take over: the task runs, or what is owned is let
 * go of, since the exchange is over or the shard has ended. Any thread makes it.
 */
final class Handover extends AtomicBoolean implements Runnable {
    private static final long serialVersionUID = 1;
    private static final Logger log = LoggerFactory.getLogger(Response.class);

    private final transient Response response;
    private final transient Object owned;
    private final transient Runnable work;

    /** @param owned a buffer, a file, or a failure that nobody else tells of */
    Handover(Response response, Object owned, Runnable work) {
        this.response = response;
        this.owned = owned;
        this.work = work;
    }

    @Override
    public void run() {
        if (compareAndSet(false, true)) {
            if (response.isCutOff()) {
                letGo(owned);
            } else {
                work.run();
            }
        }
    }

    /** The shard has ended, perhaps after it has run. */
    void abandon() {
        if (compareAndSet(false, true)) {
            letGo(owned);
        }
    }

    /** Nobody takes it over. */
    static void letGo(Object owned) {
        switch (owned) {
            case ByteBuf buffer -> buffer.release();
            case FileChannel file -> close(file);
            case ShardFile file -> file.closeAtHome();
            case Throwable failure ->
                log.error("A request failed when it was over, or its shard had ended", failure);
            default -> throw new IllegalArgumentException(owned.getClass() + " is not handed over");
        }
    }

    /** Where it is closed matters less than that it is. */
    private static void close(FileChannel file) {
        try {
            file.close();
        } catch (IOException e) {
            log.debug("{} was not closed well", file, e);
        }
    }
}
