package io.solaster.streams.topic;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.config.Internal;
import io.solaster.config.topic.TopicConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.timer.Timer;
import io.solaster.log.LogDamagedException;
import io.solaster.log.LogReader;
import io.solaster.log.RecordConsumer;
import io.solaster.log.ShardLog;
import io.solaster.streams.plugin.PluginChain;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part of a topic that one shard has: entries of its partitions go into its log, and so does how far groups have come. What
 * groups acknowledge in a turn is one record for each of their partitions. Longer than 500 lines because all that is appended to
 * one log, and read back from it, stands in one place: entries, how far groups have come, and what retention may let go of.
 */
@Internal
public final class TopicShard implements RecordConsumer {
    private static final Logger logger = LoggerFactory.getLogger(TopicShard.class);
    /** How far apart checkpoints are, in parts of a segment: what goes with a segment is in one before. */
    private static final int CHECKPOINTS = 2;

    private final String topic;
    private final TopicConfig config;
    private final Shard shard;
    private final SchedulingGroup group;
    private final SchedulingGroup maintenance;
    private final PluginGate gate;
    private final TopicStats stats = new TopicStats();
    // By number on this shard.
    private final int[] partitions;
    private final long[] next;
    private final Positions[] positions;
    /** By partition, its number here or -1. */
    private final int[] columns;
    private final Cursors cursors;
    private final Map<String, Integer> groups = new HashMap<>();
    private @Nullable String[] names = new @Nullable String[4];

    private @Nullable ShardLog log;
    private final ByteBuf scratch = Unpooled.buffer(256);
    private byte[] encoded = new byte[512];
    private ByteBuf entry = Unpooled.wrappedBuffer(encoded);
    private final ArrayDeque<PublishBatch> waiting = new ArrayDeque<>();
    private boolean waitsForRoom;
    private boolean yields;
    /** Others have their turn before more is taken. */
    private boolean turnQueued;
    /** Plug-ins may publish here while they look: what comes then waits behind what is being taken. */
    private boolean taking;
    private final Timer patience;
    private final Screening screening;

    private int[] dirty = new int[16];
    private int dirtyCount;
    private boolean[] isDirty = {};
    private boolean flushQueued;
    /** Each of who waits for that has a future of its own, which he may cancel. */
    private List<ShardFuture<@Nullable Void>> flushed = new ArrayList<>();
    /** The last record that says how far a group has come, or that it is no more. */
    private long lastSaid;
    /** Why the log has not got what groups acknowledged; null while it gets that. */
    private @Nullable RuntimeException unsaid;
    /** Whether the log says how many partitions there are. */
    private boolean partitionsSaid;
    private boolean checkpointing;
    /** Who waits for room ahead of entries, which would take all of it at each turn. */
    private int ahead;
    private long bytesSince;
    private long checkpointBytes;
    /** The last checkpoints: from and up to which record they are. */
    private final long[] saidFrom = new long[4];
    private final long[] saidTo = new long[4];
    private int checkpoints;
    /** The processes before have left more than is retained. */
    private boolean isOver;
    // Of compaction.
    private boolean compacting;
    private long uncompacted;
    private long compactFrom;
    private int compactions;

    TopicShard(String topic, TopicConfig config, Placing placing, Shard shard, SchedulingGroup group,
            SchedulingGroup maintenance, PluginGate gate) {
        this.maintenance = maintenance;
        this.gate = gate;
        this.topic = topic;
        this.config = config;
        this.shard = shard;
        this.group = group;
        int[] own = new int[placing.partitions()];
        int count = 0;
        columns = new int[placing.partitions()];
        for (int partition = 0; partition < placing.partitions(); partition++) {
            boolean here = placing.shardOf(partition) == shard.id();
            columns[partition] = here ? count : -1;
            if (here) {
                own[count++] = partition;
            }
        }
        partitions = Arrays.copyOf(own, count);
        next = new long[count];
        Arrays.fill(next, 1);
        positions = new Positions[count];
        Arrays.setAll(positions, i -> new Positions());
        cursors = new Cursors(count);
        patience = shard.timers().timer(this::giveUpWaiting);
        screening = new Screening(topic, config, gate, stats, this::finish);
    }

    public Shard shard() {
        return shard;
    }

    /** Which plug-ins look at its messages here. */
    public PluginGate gate() {
        return gate;
    }

    /** How long what finds no room in the log waits for that. */
    public Duration waitFor() {
        return config.waitFor();
    }

    public String topic() {
        return topic;
    }

    /** Any thread. */
    public TopicStats stats() {
        return stats;
    }

    /** How many partitions it has. */
    public int partitions() {
        return partitions.length;
    }

    /** The partition of a number on this shard. */
    public int partition(int column) {
        return partitions[column];
    }

    /** The number on this shard of a partition; -1 if it is on another. */
    public int column(int partition) {
        return partition >= 0 && partition < columns.length ? columns[partition] : -1;
    }

    public Cursors cursors() {
        return cursors;
    }

    /** The sequence of the next entry of a partition. */
    public long next(int column) {
        return next[column];
    }

    // ---- what was there

    @Override
    public void record(long sequence, long epoch, int kind, ByteBuf payload) {
        int at = payload.readerIndex();
        switch (kind) {
            case TopicRecords.ENTRY -> {
                int column = own(TopicRecords.partition(payload), sequence);
                if (TopicRecords.sequence(payload) >= next[column]) {
                    next[column] = TopicRecords.sequence(payload) + 1;
                    positions[column].add(next[column] - 1, sequence);
                }
            }
            case TopicRecords.CURSOR -> {
                int column = own(payload.getIntLE(at), sequence);
                int words = payload.getIntLE(at + 12);
                int row = cursors.row(number(TopicRecords.groupOf(payload)), column);
                long low = payload.getLongLE(at + 4);
                cursors.set(row, low);
                for (int word = 0; word < words; word++) {
                    for (long left = payload.getLongLE(at + 16 + word * 8); left != 0; left &= left - 1) {
                        cursors.acknowledge(row, low + word * 64L + Long.numberOfTrailingZeros(left));
                    }
                }
            }
            case TopicRecords.GROUP_END -> forget(payload.toString(StandardCharsets.UTF_8));
            case TopicRecords.PARTITIONS -> {
                partitionsSaid = true;
                int count = payload.getIntLE(at);
                if (count != columns.length) {
                    throw new IllegalArgumentException("topics." + topic + ".partitions: " + columns.length
                            + " asked, and the topic in " + config.directory() + " has " + count
                            + "; keys would belong to other partitions, so set " + count
                            + ", or give the topic another directory");
                }
                for (int from = at + 4; from < payload.writerIndex(); from += 12) {
                    int column = own(payload.getIntLE(from), sequence);
                    next[column] = Math.max(next[column], payload.getLongLE(from + 4));
                }
            }
            default -> throw new LogDamagedException("topic '" + topic + "': record " + sequence + " of shard "
                    + shard.id() + " has kind " + kind + ", which this version does not know", null);
        }
    }

    private int own(int partition, long record) {
        int column = column(partition);
        if (column < 0) {
            throw new LogDamagedException("topic '" + topic + "': record " + record + " of shard " + shard.id()
                    + " is of partition " + partition + ", which is not its own while there are " + columns.length
                    + " partitions; if the topic was made with another number, set that", null);
        }
        return column;
    }

    private int number(String name) {
        Integer known = groups.get(name);
        if (known != null) {
            return known;
        }
        int free = 0;
        while (free < names.length && names[free] != null) {
            free++;
        }
        if (free == names.length) {
            names = Arrays.copyOf(names, 2 * free);
        }
        names[free] = name;
        groups.put(name, free);
        stats.groups.set(groups.size());
        return free;
    }

    private void forget(String name) {
        Integer number = groups.remove(name);
        if (number != null) {
            names[number] = null;
            for (int column = 0; column < partitions.length; column++) {
                cursors.remove(cursors.row(number, column));
            }
            stats.groups.set(groups.size());
        }
    }

    /** From now on entries are taken. A log that is new is told the topic's partitions. */
    void start(ShardLog opened) {
        log = opened;
        isOver = opened.wouldRetainLess();
        opened.holdFrom(opened.oldest());
        if (!partitionsSaid) {
            opened.append(0, TopicRecords.PARTITIONS, partitionsRecord());
            partitionsSaid = true;
        }
        if (isOver) {
            // Processes that end before they have written much would each leave that to the next one.
            beginCheckpoint();
        }
    }

    /** Its log, once it was started. */
    public ShardLog log() {
        ShardLog opened = log;
        if (opened == null) {
            throw new IllegalStateException("topic '" + topic + "' is not open yet");
        }
        return opened;
    }

    /** Appends what another number of shards has written, as if it had been read here, once there is room for it. */
    CompletionStage<@Nullable Void> copy(int kind, ByteBuf record) {
        ShardLog into = log();
        if (!into.isWritable() && !into.isEnded()) {
            return into.whenWritable().thenCompose(room -> copy(kind, record));
        }
        if (kind == TopicRecords.PARTITIONS) {
            copyPartitions(record);
        } else {
            record(into.next(), 0, kind, record);
            into.append(0, kind, record);
        }
        return into.whenWritable();
    }

    private void copyPartitions(ByteBuf record) {
        for (int from = record.readerIndex() + 4; from < record.writerIndex(); from += 12) {
            int column = column(record.getIntLE(from));
            if (column >= 0) {
                next[column] = Math.max(next[column], record.getLongLE(from + 4));
            }
        }
        if (record.getIntLE(record.readerIndex()) != columns.length) {
            record(0, 0, TopicRecords.PARTITIONS, record);
        }
    }

    /** Says once more what only records of others said; completes when all that was copied is synced. */
    CompletionStage<@Nullable Void> copied() {
        ShardLog into = log();
        if (!into.isWritable() && !into.isEnded()) {
            return into.whenWritable().thenCompose(room -> copied());
        }
        into.append(0, TopicRecords.PARTITIONS, partitionsRecord());
        return into.whenAcknowledged(into.next() - 1);
    }

    // ---- entries come

    /**
     * Puts an entry of one of its partitions into the log at once.
     *
     * @return its record, the newest of the log; 0 where it has to wait for others, or plug-ins are to look at it
     */
    long append(int partition, byte @Nullable [] key, byte[] headers, byte[] value) {
        ShardLog into = log();
        if (!waiting.isEmpty() || ahead > 0 || !into.isWritable() || gate.publish() != null) {
            return 0;
        }
        int column = column(partition);
        int length = TopicRecords.length(key, headers, value);
        if (length > encoded.length) {
            encoded = new byte[Math.max(length, 2 * encoded.length)];
            entry = Unpooled.wrappedBuffer(encoded);
        }
        TopicRecords.write(encoded, 0, partition, 0, key, headers, value);
        TopicRecords.taken(encoded, 0, next[column], shard.environment().wallClock().millis());
        return put(into, column, entry.setIndex(0, length));
    }

    private long put(ShardLog into, int column, ByteBuf record) {
        long number = into.append(0, TopicRecords.ENTRY, record);
        positions[column].add(next[column]++, number);
        stats.entries.increment();
        stats.bytes.add(TopicRecords.size(record));
        appended(record.readableBytes());
        return number;
    }

    /** Takes entries, waiting for room as long as is configured; completes when they are acknowledged or refused. */
    ShardFuture<PublishBatch> accept(PublishBatch batch) {
        ShardFuture<PublishBatch> done = shard.newFuture();
        batch.done = done;
        batch.waitsUntil = shard.environment().clock().nanoTime() + config.waitFor().toNanos();
        if (taking) {
            waiting.add(batch);
        } else if (!waiting.isEmpty()) {
            waiting.add(batch);
            awaitRoom();
        } else if (takeFirst(batch)) {
            finish(batch);
            goOn();
        } else {
            waiting.addFirst(batch);
            armPatience(batch);
            awaitRoom();
        }
        return done;
    }

    private boolean takeFirst(PublishBatch batch) {
        taking = true;
        try {
            return take(batch, false);
        } finally {
            taking = false;
        }
    }

    /** Something came while plug-ins looked at what was taken. */
    private void goOn() {
        PublishBatch first = waiting.peek();
        if (first != null) {
            armPatience(first);
            awaitRoom();
        }
    }

    private boolean hasRoom(ShardLog into) {
        return ahead == 0 && into.isWritable();
    }

    /** @param last what does not find room now is refused; else false tells that there is none */
    private boolean take(PublishBatch batch, boolean last) {
        ShardLog into = log();
        long millis = shard.environment().wallClock().millis();
        boolean looked = false;
        while (!batch.isTaken()) {
            if (!last && !hasRoom(into) && !into.isEnded()) {
                return false;
            }
            ByteBuf next;
            PluginChain looks = gate.publish();
            if (looks != null && !batch.isRouted() && !into.isEnded()) {
                if (looked && Shard.needPreempt()) {
                    if (last) {
                        stats.refused.increment();
                        batch.refuseRest(new RejectedExecutionException("topic '" + topic
                                + "' takes no entry now: there was no room in its log for " + config.waitFor()));
                        return true;
                    }
                    yields = true;
                    return false;
                }
                looked = true;
                ByteBuf left = screening.look(batch, batch.next(), looks);
                if (left == null) {
                    continue;
                }
                next = left;
            } else {
                next = batch.next();
            }
            int column = column(TopicRecords.partition(next));
            long sequence = next(column);
            TopicRecords.taken(next.array(), next.arrayOffset() + next.readerIndex(), sequence, millis);
            try {
                batch.take(sequence, put(into, column, next));
            } catch (RuntimeException why) {
                stats.refused.increment();
                batch.refuseRest(why instanceof RejectedExecutionException
                        ? new RejectedExecutionException(
                                "topic '" + topic + "' takes no entry now: " + why.getMessage(),
                                why)
                        : why);
                return true;
            }
        }
        return true;
    }

    private void finish(PublishBatch batch) {
        ShardFuture<PublishBatch> done = batch.done;
        if (done == null || batch.waitsForRoutes()) {
            return;
        }
        if (batch.lastRecord() == 0) {
            done.resolve(batch);
            return;
        }
        log().whenAcknowledged(batch.lastRecord()).whenComplete((synced, why) -> {
            if (why == null) {
                done.resolve(batch);
            } else {
                done.fail(ShardFuture.causeOf(why));
            }
        });
    }

    private void awaitRoom() {
        if (yields) {
            // Plug-ins have had their turn.
            yields = false;
            if (!turnQueued) {
                shard.execute(group, () -> {
                    turnQueued = false;
                    takeWaiting();
                });
                turnQueued = true;
            }
            return;
        }
        if (!turnQueued && !waitsForRoom && ahead == 0) {
            waitsForRoom = true;
            log().whenWritable().whenComplete((room, why) -> {
                waitsForRoom = false;
                takeWaiting();
            });
        }
    }

    private void takeWaiting() {
        if (taking) {
            return;
        }
        taking = true;
        try {
            takeAll();
        } finally {
            taking = false;
        }
        PublishBatch first = waiting.peek();
        if (first == null) {
            patience.cancel();
            return;
        }
        armPatience(first);
        if (ahead == 0) {
            awaitRoom();
        }
    }

    private void takeAll() {
        for (PublishBatch first = waiting.peek(); first != null; first = waiting.peek()) {
            if (!take(first, false)) {
                return;
            }
            waiting.remove();
            finish(first);
            if (!waiting.isEmpty() && Shard.needPreempt()) {
                yields = true;
                return;
            }
        }
    }

    private void armPatience(PublishBatch first) {
        patience.arm(Duration.ofNanos(Math.max(1, first.waitsUntil - shard.environment().clock().nanoTime())));
    }

    private void giveUpWaiting() {
        long now = shard.environment().clock().nanoTime();
        if (hasRoom(log())) {
            // It is plug-ins that take their time: what waits has its turn, and is not refused.
            return;
        }
        taking = true;
        try {
            while (!waiting.isEmpty() && waiting.peek().waitsUntil - now <= 0) {
                PublishBatch late = waiting.remove();
                take(late, true);
                finish(late);
            }
        } finally {
            taking = false;
        }
        goOn();
    }

    // ---- groups

    /** The number of a group on this shard; -1 if there is none of this name. */
    public int group(String name) {
        return groups.getOrDefault(name, -1);
    }

    /** Names of all groups. */
    public List<String> groups() {
        return List.copyOf(groups.keySet());
    }

    /**
     * Makes a group known, if it is not.
     *
     * @param fromOldest whether it gets what is there already
     * @return its number here
     * @throws IllegalStateException if there are as many as there may be
     */
    public int addGroup(String name, boolean fromOldest) {
        if (!groups.containsKey(name) && groups.size() >= config.maxGroups()) {
            throw new IllegalStateException("group '" + name + "' of topic '" + topic + "' is one too many: there are "
                    + groups.size() + "; delete one, or raise topics." + topic + ".maxGroups");
        }
        int number = number(name);
        for (int column = 0; column < partitions.length; column++) {
            int row = cursors.row(number, column);
            if (!cursors.isThere(row)) {
                cursors.set(row, fromOldest ? 1 : next[column]);
                changed(row);
            }
        }
        return number;
    }

    /**
     * Forgets a group that nobody is a member of.
     *
     * @throws java.util.concurrent.RejectedExecutionException if the log has no room: the group is there still
     */
    public void removeGroup(String name) {
        if (groups.containsKey(name)) {
            lastSaid = log().append(0, TopicRecords.GROUP_END, Unpooled.copiedBuffer(name, StandardCharsets.UTF_8));
            forget(name);
        }
    }

    /**
     * Entries of a group's partitions here that are not acknowledged, whether they were given to somebody or not. Of what retention
     * has taken, up to 512 of each partition are counted until a member has read on.
     */
    public long lag(int number) {
        long lag = 0;
        for (int column = 0; column < partitions.length; column++) {
            int row = cursors.row(number, column);
            long oldest = oldest(column);
            if (!cursors.isThere(row)) {
                lag += next[column] - oldest;
            } else if (cursors.low(row) >= oldest) {
                lag += next[column] - cursors.low(row) - cursors.beyond(row);
            } else {
                lag += next[column] - oldest - cursors.beyond(row, oldest);
            }
        }
        return lag;
    }

    /** No entry of a partition is there below this sequence. */
    private long oldest(int column) {
        long kept = log().oldest();
        return positions[column].last() < kept ? next[column] : positions[column].oldest(kept);
    }

    /** Acknowledges an entry for a group. */
    public void acknowledge(int row, long sequence) {
        if (cursors.acknowledge(row, sequence)) {
            stats.acknowledged.increment();
            changed(row);
        }
    }

    /**
     * Goes on behind entries that are not in the log any more; those before them that are under way stay so.
     *
     * @param to the sequence of the next one that may be there
     * @return false if that is too far from the oldest that is under way: some of these have to be acknowledged before
     */
    public boolean skip(int row, long to) {
        if (cursors.low(row) == cursors.given(row)) {
            cursors.jump(row, to);
        } else if (to - cursors.low(row) > Cursors.SPAN) {
            return false;
        } else {
            for (long gone = cursors.given(row); gone < to; gone++) {
                cursors.acknowledge(row, gone);
            }
            cursors.given(row, to);
        }
        if (!config.retain().lastPerKey()) {
            stats.missed.increment();
        }
        changed(row);
        return true;
    }

    /** Differs once entries may have gone since it was asked for. */
    public long gaps() {
        return log().oldest() ^ (long) compactions << 48;
    }

    /** Where in the log to read from, to find the entries of partitions from those on that a group's members get next. */
    public long positionOf(int number, boolean[] wanted) {
        long first = log().next();
        for (int column = 0; column < partitions.length; column++) {
            long given = wanted[column] ? cursors.given(cursors.row(number, column)) : Long.MAX_VALUE;
            if (given < next[column]) {
                first = Math.min(first, positions[column].before(given, log().oldest()));
            }
        }
        return Math.max(first, log().oldest());
    }

    /** What reads its log from a record on. */
    public LogReader reader(long record) {
        return log().reader(record);
    }

    private void changed(int row) {
        if (row >= isDirty.length) {
            isDirty = Arrays.copyOf(isDirty, Math.max(row + 1, 2 * isDirty.length));
        }
        if (!isDirty[row]) {
            isDirty[row] = true;
            if (dirtyCount == dirty.length) {
                dirty = Arrays.copyOf(dirty, 2 * dirtyCount);
            }
            dirty[dirtyCount++] = row;
        }
        if (!flushQueued) {
            flushQueued = true;
            shard.execute(group, this::flush);
        }
    }

    /**
     * Completes once what groups have acknowledged so far is in the log, as its {@code fsync} says. Fails where the log has ended
     * before it had that. Another future each time.
     */
    public ShardFuture<@Nullable Void> settled() {
        if (dirtyCount == 0 && !flushQueued) {
            return said();
        }
        ShardFuture<@Nullable Void> future = shard.newFuture();
        flushed.add(future);
        return future;
    }

    private ShardFuture<@Nullable Void> said() {
        RuntimeException why = unsaid;
        if (why == null) {
            return log().whenAcknowledged(lastSaid);
        }
        ShardFuture<@Nullable Void> failed = shard.newFuture();
        failed.completeExceptionally(why);
        return failed;
    }

    private void flush() {
        ShardLog into = log();
        while (dirtyCount > 0 && (into.isWritable() || into.isEnded())) {
            int row = dirty[--dirtyCount];
            isDirty[row] = false;
            try {
                appended(cursor(row));
            } catch (RuntimeException ended) {
                unsaid = ended;
            }
        }
        if (dirtyCount > 0) {
            ahead++;
            into.whenWritable().whenComplete((room, why) -> {
                ahead--;
                flush();
            });
            return;
        }
        flushQueued = false;
        if (!flushed.isEmpty()) {
            List<ShardFuture<@Nullable Void>> told = flushed;
            flushed = new ArrayList<>();
            said().whenComplete((done, why) -> {
                for (ShardFuture<@Nullable Void> each : told) {
                    if (why == null) {
                        each.resolve(null);
                    } else {
                        each.fail(ShardFuture.causeOf(why));
                    }
                }
            });
        }
        if (!waiting.isEmpty()) {
            takeWaiting();
        }
    }

    /** Returns the bytes of its record. */
    private int cursor(int row) {
        String name = names[row / cursors.columns()];
        if (name == null || !cursors.isThere(row)) {
            return 0;
        }
        int words = cursors.words(row);
        ByteBuf record = scratch.clear();
        record.writeIntLE(partitions[row % cursors.columns()]).writeLongLE(cursors.low(row)).writeIntLE(words);
        for (int word = 0; word < words; word++) {
            record.writeLongLE(cursors.word(row, word));
        }
        record.writeCharSequence(name, StandardCharsets.UTF_8);
        lastSaid = log().append(0, TopicRecords.CURSOR, record);
        return record.readableBytes();
    }

    private ByteBuf partitionsRecord() {
        ByteBuf record = scratch.clear().writeIntLE(columns.length);
        for (int column = 0; column < partitions.length; column++) {
            record.writeIntLE(partitions[column]).writeLongLE(next[column]);
        }
        return record;
    }

    // ---- checkpoints

    private void appended(int bytes) {
        bytesSince += bytes;
        uncompacted += bytes;
        if (bytesSince > Math.max(config.segment().bytes() / CHECKPOINTS, checkpointBytes) && !checkpointing
                && config.retain().isLimited()) {
            beginCheckpoint();
        }
    }

    private void beginCheckpoint() {
        checkpointing = true;
        bytesSince = 0;
        checkpointBytes = 0;
        shard.execute(group, this::checkpoint);
    }

    /** Where checkpoints are large they are rare, so that the log is not made of them. */
    private long uncompactedMost() {
        return Math.max(config.segment().bytes(), checkpointBytes);
    }

    /** Says anew how all groups fare; what was before may go then. */
    private void checkpoint() {
        ShardLog into = log();
        long from = into.next();
        List<Integer> rows = new ArrayList<>();
        for (int number : groups.values()) {
            for (int column = 0; column < partitions.length; column++) {
                rows.add(cursors.row(number, column));
            }
        }
        shard.fork(group, () -> {
            boolean said = false;
            try {
                awaitWritable(into);
                into.append(0, TopicRecords.PARTITIONS, partitionsRecord());
                for (int row : rows) {
                    awaitWritable(into);
                    checkpointBytes += cursor(row);
                }
                into.whenAcknowledged(into.next() - 1).join();
                into.holdFrom(from);
                if (isOver) {
                    isOver = false;
                    into.letGoOfOld();
                }
                saidFrom[checkpoints % saidFrom.length] = from;
                saidTo[checkpoints++ % saidFrom.length] = into.acknowledged();
                said = true;
                for (Positions each : positions) {
                    each.dropBefore(into.oldest());
                }
            } catch (RuntimeException why) {
                if (!into.isEnded()) {
                    logger.warn("Topic '{}' keeps more than it has to on shard {}: {}", topic, shard.id(),
                            why.toString());
                }
            } finally {
                checkpointing = false;
            }
            if (said && config.retain().lastPerKey() && !compacting && uncompacted >= uncompactedMost()
                    && !into.isEnded()) {
                compacting = true;
                uncompacted = 0;
                shard.fork(maintenance, () -> compact(into));
            }
            return true;
        });
    }

    /** What is before a record, and about groups, was said anew: in full segments, which a crash of the machine leaves. */
    private long saidBefore(long full) {
        long best = 0;
        for (int i = 0; i < saidFrom.length; i++) {
            best = saidTo[i] < full ? Math.max(best, saidFrom[i]) : best;
        }
        return best;
    }

    /** Entries of before this time are older than any may be. */
    private long tooOld() {
        Duration age = config.retain().age();
        return age == null ? Long.MIN_VALUE : shard.environment().wallClock().millis() - age.toMillis();
    }

    private boolean compact(ShardLog into) {
        try {
            KeyCompaction pass = new KeyCompaction(into, saidBefore(into.fullBefore()), tooOld());
            compactFrom = pass.run(compactFrom);
            stats.compacted.add(pass.freed());
        } catch (IOException | RuntimeException why) {
            if (!into.isEnded()) {
                logger.warn(
                        "Topic '{}' keeps more than the last entry of each key on shard {}, and tries again later: {}",
                        topic, shard.id(), why.toString());
            }
        } finally {
            compacting = false;
            compactions++;
            stats.compactions.increment();
        }
        if (uncompacted >= uncompactedMost() && !checkpointing && !into.isEnded()) {
            beginCheckpoint();
        }
        return true;
    }

    private void awaitWritable(ShardLog into) {
        if (into.isWritable() || into.isEnded()) {
            return;
        }
        ahead++;
        try {
            while (!into.isWritable() && !into.isEnded()) {
                into.whenWritable().join();
            }
        } finally {
            ahead--;
            shard.execute(group, this::takeWaiting);
        }
    }
}
