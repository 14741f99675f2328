package io.solaster.streams.topic;

import java.util.Objects;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.config.topic.TopicConfig;
import io.solaster.streams.plugin.PluginChain;
import io.solaster.streams.plugin.RejectedByPluginException;
import io.solaster.streams.plugin.Verdict;
import org.jspecify.annotations.Nullable;

/** Has plug-ins look at entries before these are in the log of the shard that has their partition. On that shard. */
final class Screening {
    private final String topic;
    private final TopicConfig config;
    private final PluginGate gate;
    private final TopicStats stats;
    private final Consumer<PublishBatch> whenRouted;

    /** @param whenRouted told once nothing of a batch is on its way to other topics any more */
    Screening(String topic, TopicConfig config, PluginGate gate, TopicStats stats, Consumer<PublishBatch> whenRouted) {
        this.topic = topic;
        this.config = config;
        this.gate = gate;
        this.stats = stats;
        this.whenRouted = whenRouted;
    }

    /**
     * Has plug-ins look at the next entry of a batch.
     *
     * @return what is to be in the log; null if nothing is, which the batch knows then
     */
    @Nullable
    ByteBuf look(PublishBatch batch, ByteBuf entry, PluginChain looks) {
        Entry read = Entry.read(entry);
        Verdict verdict;
        try {
            verdict = looks.process(read.key(), read.value(), 0, read.value().length);
        } catch (RejectedByPluginException why) {
            stats.rejected.increment();
            batch.fail(why);
            return null;
        }
        return switch (verdict) {
            case CONTINUE -> entry;
            case DROP -> {
                stats.dropped.increment();
                batch.leaveOut();
                yield null;
            }
            case REPLACE -> replaced(batch, entry, read, Objects.requireNonNull(looks.value()));
            case ROUTE -> {
                route(batch, read, looks);
                yield null;
            }
        };
    }

    private @Nullable ByteBuf replaced(PublishBatch batch, ByteBuf entry, Entry read, byte[] value) {
        long size = read.size() - read.value().length + (long) value.length;
        if (size > config.maxEntry().bytes()) {
            stats.rejected.increment();
            batch.fail(new IllegalArgumentException("topic '" + topic + "': a plug-in made an entry of " + size
                    + " bytes, and " + config.maxEntry() + " is the most; raise topics." + topic
                    + ".maxEntry, or mend the plug-in"));
            return null;
        }
        int before = entry.readableBytes() - read.value().length;
        byte[] whole = new byte[before + value.length];
        entry.getBytes(entry.readerIndex(), whole, 0, before);
        System.arraycopy(value, 0, whole, before, value.length);
        return Unpooled.wrappedBuffer(whole);
    }

    private void route(PublishBatch batch, Entry entry, PluginChain looks) {
        byte[] value = looks.value();
        Published heard = batch.route(() -> whenRouted.accept(batch));
        try {
            gate.router().route(String.valueOf(looks.target()), entry.key(), entry.headers(),
                    value == null ? entry.value() : value, 0, heard);
            stats.routed.increment();
        } catch (RuntimeException why) {
            stats.rejected.increment();
            heard.failed(why);
        }
    }
}
