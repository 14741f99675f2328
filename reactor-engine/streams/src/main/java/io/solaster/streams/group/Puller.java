package io.solaster.streams.group;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.ShardStoppedException;
import io.solaster.log.LogReader;
import io.solaster.log.RecordsDroppedException;
import io.solaster.streams.topic.Cursors;
import io.solaster.streams.topic.Entry;
import io.solaster.streams.topic.TopicRecords;
import io.solaster.streams.topic.TopicShard;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads a shard's log for members of a group, whenever they have room, on a virtual thread of its own. */
final class Puller {
    private static final Logger logger = LoggerFactory.getLogger(Puller.class);
    private static final int BYTES = 256 << 10;
    private static final Duration TO_TRY_AGAIN = Duration.ofSeconds(1);

    private final GroupShard group;
    private final TopicShard topic;
    private final List<Member> members;
    private final NoRoom noRoom = new NoRoom();
    /** By number of partition on this shard, whether it is read for these members. */
    private final boolean[] owned;
    private @Nullable LogReader reader;
    private @Nullable ShardFuture<@Nullable Void> hungry;
    // The entry for which there was no room.
    private int refusedRow;
    private long refusedSequence;
    private int refusedSize;
    private boolean closed;
    private boolean again;
    /** It could not read last time. */
    private boolean failing;
    private int turn;
    /** By partition, its next entry when the log had come to a record. */
    private final long[] markedNext;
    private long marked;
    /** Of the topic, as it was when all gaps were settled last; -1 before. */
    private long gaps = -1;
    private long markedGaps;

    /** There is no room for an entry: thrown through the reader, which tells of the same record next time. */
    private static final class NoRoom extends RuntimeException {
        private static final long serialVersionUID = 1;

        private NoRoom() {
            super("no room", null, false, false);
        }
    }

    Puller(GroupShard group, TopicShard topic, List<Member> members) {
        this.group = group;
        this.topic = topic;
        this.members = members;
        this.owned = new boolean[topic.partitions()];
        this.markedNext = new long[owned.length];
    }

    boolean[] owned() {
        return owned;
    }

    boolean serves(Member member) {
        return members.contains(member);
    }

    void start() {
        topic.shard().fork(() -> {
            while (!closed) {
                try {
                    read();
                } catch (Throwable why) {
                    // Errors too, such as no memory for what was read: else nobody would read, and nobody would say so.
                    if (closed || !isForNow(ShardFuture.causeOf(why))) {
                        return true;
                    }
                    Shard.sleep(TO_TRY_AGAIN).join();
                }
            }
            return true;
        });
    }

    /** Whether reading again is of use: not where the log takes nothing any more, or the shard ends. */
    private boolean isForNow(Throwable why) {
        if (why instanceof ShardStoppedException || topic.log().isEnded()) {
            logger.info("Group '{}' of topic '{}' reads no more on shard {}: {}", group.name(), topic.topic(),
                    topic.shard().id(), why.toString());
            return false;
        }
        topic.stats().readFailures.increment();
        if (!failing) {
            failing = true;
            logger.warn("Group '{}' of topic '{}' cannot read on shard {}, and tries again each {} s: {}", group.name(),
                    topic.topic(), topic.shard().id(), TO_TRY_AGAIN.toSeconds(), why.toString());
            if (why instanceof Error) {
                logger.error("Where the error came from", why);
            }
        }
        return true;
    }

    /** Reads from where its partitions have come to, until it is closed or told to begin anew. */
    private void read() {
        again = false;
        gaps = -1;
        mark();
        LogReader from = topic.reader(topic.positionOf(group.number(), owned));
        reader = from;
        try {
            while (!closed && !again) {
                awaitHunger();
                try {
                    int read = from.read(this::record, BYTES);
                    failing = false;
                    if (read == 0 && !closed && !again) {
                        settleGaps(from.next());
                        from.whenReadable().join();
                    }
                } catch (NoRoom full) {
                    hungry = topic.shard().newFuture();
                } catch (RecordsDroppedException gone) {
                    if (topic.log().oldest() <= from.next()) {
                        throw new IOException(gone.getMessage() + ", though nothing let go of it", gone);
                    }
                    from.seek(topic.log().oldest());
                }
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (RuntimeException ended) {
            if (!closed && !again) {
                throw ended;
            }
        } finally {
            reader = null;
            from.close();
        }
    }

    private void mark() {
        marked = topic.log().next();
        markedGaps = topic.gaps();
        for (int column = 0; column < markedNext.length; column++) {
            markedNext[column] = topic.next(column);
        }
    }

    /** All that is there before a record has been read: what was not among it has gone, though nothing came behind to show that. */
    private void settleGaps(long read) {
        if (gaps == topic.gaps()) {
            return;
        }
        if (read >= marked) {
            boolean all = true;
            for (int column = 0; column < owned.length; column++) {
                int row = topic.cursors().row(group.number(), column);
                if (owned[column] && topic.cursors().given(row) < markedNext[column]) {
                    all &= topic.skip(row, markedNext[column]);
                }
            }
            if (all) {
                gaps = markedGaps;
            }
            mark();
        }
    }

    private void awaitHunger() {
        ShardFuture<@Nullable Void> waits = hungry;
        if (waits != null) {
            room();
            waits.join();
            hungry = null;
        }
    }

    private void record(long number, long epoch, int kind, ByteBuf payload) {
        if (kind != TopicRecords.ENTRY || closed || again) {
            return;
        }
        int column = topic.column(TopicRecords.partition(payload));
        if (column < 0 || !owned[column]) {
            return;
        }
        int row = topic.cursors().row(group.number(), column);
        long sequence = TopicRecords.sequence(payload);
        Cursors cursors = topic.cursors();
        if (sequence < cursors.given(row)) {
            return;
        }
        int size = TopicRecords.size(payload);
        if (sequence > cursors.given(row) && !topic.skip(row, sequence)) {
            throw refuse(row, sequence, size);
        }
        if (cursors.isAcknowledged(row, sequence)) {
            cursors.given(row, sequence + 1);
            return;
        }
        Member member = sequence - cursors.low(row) >= Cursors.SPAN ? null : next(size);
        if (member == null) {
            throw refuse(row, sequence, size);
        }
        Entry entry = Entry.read(payload);
        cursors.given(row, sequence + 1);
        group.give(entry, row, member);
    }

    private NoRoom refuse(int row, long sequence, int size) {
        refusedRow = row;
        refusedSequence = sequence;
        refusedSize = size;
        return noRoom;
    }

    private @Nullable Member next(int size) {
        for (int i = 0; i < members.size(); i++) {
            Member each = members.get(turn++ % members.size());
            if (each.hasRoom(size)) {
                return each;
            }
        }
        return null;
    }

    /** Something was acknowledged, or somebody has come. */
    void room() {
        ShardFuture<@Nullable Void> waits = hungry;
        if (waits != null && (closed || again || isRoom())) {
            waits.resolve(null);
        }
    }

    /** Whether the entry that was refused would be taken now: else the same one is read, and refused, again and again. */
    private boolean isRoom() {
        Cursors cursors = topic.cursors();
        long low = cursors.low(refusedRow);
        if (low != cursors.given(refusedRow) && refusedSequence - low >= Cursors.SPAN) {
            return false;
        }
        for (int i = 0; i < members.size(); i++) {
            Member each = members.get(i);
            if (each.isHungry() && each.hasRoom(refusedSize)) {
                return true;
            }
        }
        return false;
    }

    /** Other partitions are its own, or entries that it has read are to be read again. */
    void beginAnew() {
        again = true;
        wake();
    }

    void close() {
        closed = true;
        wake();
    }

    private void wake() {
        turn = 0;
        room();
        LogReader open = reader;
        if (open != null) {
            open.close();
        }
    }
}
