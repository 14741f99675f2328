package io.solaster.streams;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.streams.group.InFlight;
import io.solaster.streams.topic.Entry;
import org.jspecify.annotations.Nullable;

/**
 * An entry that a group's member was given. Any thread may call; what it holds stays as it is, also after it was
 * acknowledged. An entry that is neither acknowledged nor handed back keeps its place in the consumption's window.
 */
public final class Delivery {
    private final Engine engine;
    private final InFlight inFlight;
    private final int attempt;
    private final Entry entry;

    Delivery(Engine engine, InFlight inFlight) {
        this.engine = engine;
        this.inFlight = inFlight;
        this.attempt = inFlight.attempts();
        this.entry = inFlight.entry();
    }

    /** Which entry. */
    public EntryId id() {
        return new EntryId(entry.partition(), entry.sequence());
    }

    /** When its shard took it, in milliseconds since 1970 by that machine's clock: for people, since a clock may go back. */
    public long time() {
        return entry.time();
    }

    /** What says to which partition it belongs; null if nothing does. Not a copy: do not change it, as {@link #value()} says. */
    public byte @Nullable [] key() {
        return entry.key();
    }

    /** Not a copy: do not change it, for whoever gets the entry after a failure, or from another member, gets the same array. */
    public byte[] value() {
        return entry.value();
    }

    /** What stands beside the value. */
    public Headers headers() {
        return Headers.read(entry.headers());
    }

    /** The shard that has the partition, on which the handler runs. */
    public Shard shard() {
        return inFlight.shard();
    }

    /** 1 the first time that a handler of this process gets the entry, and one more each time after. */
    public int attempt() {
        return attempt;
    }

    /**
     * The group has done with the entry. A second time does nothing.
     *
     * @return completes when that is in the log, as the topic's {@code fsync} says; what was acknowledged and is not there yet
     *         is delivered again after a crash
     */
    public CompletableFuture<@Nullable Void> ack() {
        Shard owner = inFlight.shard();
        return Shard.current() == owner
                ? inFlight.acknowledge()
                : engine.<@Nullable Void>submitStageTo(owner.id(), CallOptions.DEFAULTS, inFlight::acknowledge);
    }

    /** Has the entry delivered again after the consumption's back-off, which doubles each time. */
    public void nack() {
        handBack(null);
    }

    /** Has the entry delivered again after a while. */
    public void nack(Duration after) {
        handBack(after);
    }

    private void handBack(@Nullable Duration after) {
        Shard owner = inFlight.shard();
        if (Shard.current() == owner) {
            inFlight.handBack(after);
        } else {
            owner.execute(() -> inFlight.handBack(after));
        }
    }

    @Override
    public String toString() {
        return "entry " + id();
    }
}
