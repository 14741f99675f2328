package io.solaster.store.shard;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.function.LongSupplier;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.solaster.engine.Shard;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.MemoryAccount;
import io.solaster.engine.memory.MemoryBudget;
import io.solaster.engine.memory.MemoryLevel;
import io.solaster.engine.memory.ReusedBuffer;
import io.solaster.engine.memory.SystemMemory;
import io.solaster.engine.net.QuietLog;
import io.solaster.engine.timer.Timer;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Hashes;
import io.solaster.store.collection.Lists;
import io.solaster.store.collection.Sets;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.collection.Workspace;
import io.solaster.store.keyspace.Aging;
import io.solaster.store.keyspace.KeyWatches;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.KeyspaceHash;
import io.solaster.store.message.KeyEvents;
import io.solaster.store.persist.Journal;
import io.solaster.store.persist.KeptShard;
import io.solaster.store.persist.ShardReplica;
import io.solaster.store.rdb.ValueWorks;
import io.solaster.store.stats.DiagnosticSettings;
import io.solaster.store.stats.ErrorCounts;
import io.solaster.store.stats.StoreStats;
import io.solaster.store.stream.Streams;
import io.solaster.store.type.FieldTable;
import io.solaster.store.waiting.WaitingKeys;
import io.solaster.streams.subscribe.SubscriptionShard;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * One shard's part of a store: its keys, its clients, and what commands are run with. On the owning shard only.
 *
 * <p>
 * Longer than 500 lines because all that belongs to one shard meets here, mostly in a line or two each.
 */
public final class StoreShard implements AutoCloseable {
    /** Told of commands that have taken long. On the shard. */
    public interface Watch {
        /** A command has taken at least as long as is noted; its arguments are still there. */
        void slow(Command command, CommandCall call, long nanos);

        /** Something else has taken at least as long as is noted, such as {@code expire-cycle}: a piece of what is due. */
        void took(String event, long nanos);
    }

    /** How much is known of who has read which keys. On the shard. */
    public interface Tracking {
        /** Keys that clients of any shard have read here. */
        long keys();

        /** The same, each for as many clients as have read it. */
        long items();

        /** Beginnings of keys of which clients want to know all. */
        long prefixes();

        /** Looks for what shards that have ended have left. */
        void sweep();
    }

    private static final Logger log = LoggerFactory.getLogger(StoreShard.class);
    /** How long until the keyspace is looked after again: where keys expire or gaps are left, and where not. */
    private static final Duration BUSY = Duration.ofMillis(10);
    private static final Duration CALM = Duration.ofMillis(100);
    /** Slots looked at for expired keys, and blocks looked at for gaps, each time: some tens of microseconds. */
    private static final int EXPIRY_STEPS = 2_000;
    private static final int DEFRAGMENT_STEPS = 200;
    /** Keys and fields looked at for fields that have expired, each time. */
    private static final int FIELD_STEPS = 1_000;
    /** Nodes of removed values that are freed each time, some tens of microseconds; until all are, in every turn. */
    private static final int FREE_STEPS = 1_000;
    /** Given back to the system each time, in about 120 us; until all is, that is done in every turn. */
    private static final long RELEASE_BYTES = 2 << 20;
    private static final Duration SWEEP = Duration.ofSeconds(1);
    /** Who looks for commands that take less than that has all of them timed. */
    private static final long QUICK_NANOS = Duration.ofMillis(1).toNanos();

    /** What clients have us keep, in the memory budget of each shard. */
    private static final String CLIENTS = "store.clients";

    private final Parts parts;
    private final Shard shard;
    private final Keyspace keyspace;
    private final KeyspaceHash fieldHash;
    private final ShardReplica replica;
    private final @Nullable KeptShard kept;
    private final Hashes hashes;
    private final Sets sets;
    private final Sets otherSets;
    private final Lists lists;
    private final Streams streams;
    private final SortedSets sortedSets;
    private final ValueWorks values;
    private final Aging aging;
    private final SortedSets otherSortedSets;
    private final MemoryAccount gathered;
    private final FieldExpiry fieldExpiry;
    private final StoreStats stats = new StoreStats();
    private final CommandCall call;
    private final WaitingKeys waiting;
    /** For commands that have waited: another one may be under way then. */
    private final CommandCall offering;
    private final IntentLocks locks;
    private final SubscriptionShard subscriptions;
    private final KeyWatches watches;
    private final SystemMemory clientMemory;
    /** By their ids; an entry of a map of the JDK's takes as much again. */
    private final LongObjectMap<Client> clients = new LongObjectHashMap<>();
    private final CommandCounts counts;
    private final ErrorCounts errors = new ErrorCounts();
    private @Nullable Watch watch;
    private @Nullable Tracking tracking;
    /** Who has the command run that changes keys now, if it does not want to hear of that. */
    private long writer;
    /** Tells of what happens to keys; null while nobody asks for it, as mostly. */
    private @Nullable KeyEvents events;
    private Runnable endOfEvents = () -> {};
    private int toldEvents;
    /** Nanoseconds from which on a command is told to {@link #watch}. */
    private long slowNanos = Long.MAX_VALUE;
    /** Whether somebody looks at each command before it is run. */
    private boolean gated;
    private boolean expiresByItself = true;
    private final Timer maintenance;
    private final Timer sweep;
    private final LongSupplier clock;
    private final MaxMemory maxMemory;
    private final Map<Class<?>, AutoCloseable> families = new LinkedHashMap<>();
    /** What is let go of may be on its way to another shard, or lost where both have ended: so several threads may tell of it. */
    private final Set<AutoCloseable> holders = Collections.synchronizedSet(
            Collections.newSetFromMap(new IdentityHashMap<>()));
    private long nextClient;
    private long nextWatcher;
    private long commandsAtSweep;
    private long sweptAt;
    private long commandsPerSecond;
    private @Nullable StoreReport statisticsBase;
    private final QuietLog commandFailed = new QuietLog(log, Level.ERROR);
    private final QuietLog upkeepFailed = new QuietLog(log, Level.ERROR);
    private final Runnable endOfLevels;
    /** No more memory is to be had: commands that might need some are refused. */
    private boolean full;
    private long lookedAt;
    private boolean closed;

    /** @param commands how many there are to be counted */
    public StoreShard(Parts parts, Shard shard, Keyspace keyspace, int commands) {
        this.parts = parts;
        this.shard = shard;
        this.keyspace = keyspace;
        this.fieldHash = KeyspaceHash.seeded(shard.environment().secrets());
        FieldTable table = newTable();
        this.gathered = shard.memory().budget().account(Workspace.ACCOUNT);
        this.hashes = new Hashes(keyspace, table);
        this.sets = new Sets(keyspace, table);
        this.otherSets = new Sets(keyspace, table);
        this.lists = new Lists(keyspace);
        this.streams = new Streams(keyspace);
        this.sortedSets = new SortedSets(keyspace, table);
        this.values = new ValueWorks(keyspace, table, hashes, sets, sortedSets, streams);
        this.otherSortedSets = new SortedSets(keyspace, table);
        this.fieldExpiry = new FieldExpiry(keyspace, hashes, this::isUsed);
        keyspace.keepWhile(this::isUsed);
        this.counts = new CommandCounts(commands, shard.environment().clock());
        this.call = new CommandCall(this);
        this.offering = new CommandCall(this);
        this.waiting = new WaitingKeys(keyspace, KeyspaceHash.seeded(shard.environment().secrets()),
                () -> shard.executeOrElse(this::serveWaiting, () -> {
                    // Nobody is served any more.
                }));
        this.call.reply().onError(errors::add);
        this.offering.reply().onError(errors::add);
        this.locks = new IntentLocks(shard.id(), parts.count());
        this.subscriptions = new SubscriptionShard(parts.subscriptions(), shard);
        this.watches = new KeyWatches(keyspace, fieldHash);
        this.clientMemory = shard.memory().system(CLIENTS);
        this.clock = parts.clock();
        this.replica = new ShardReplica(shard, keyspace, this::newTable, parts.isKept(), this::fieldsExpire);
        this.kept = parts.isKept() ? new KeptShard(replica, values, clock, locks::shut) : null;
        this.maintenance = shard.timers().coarseTimer(this::maintain);
        this.sweep = shard.timers().coarseTimer(this::sweep);
        this.sweptAt = now();
        this.aging = new Aging(keyspace, CALM.toMillis(), sweptAt);
        this.maxMemory = new MaxMemory(this, keyspace);
        this.endOfLevels = shard.memory().budget().onLevel(this::memoryLevel);
        tellEvents();
        parts.add(this);
        shard.terminationFuture().addListener(ended -> locks.abandonAll());
        shard.execute(parts.engine().groups().maintenance(), this::armTimers);
    }

    /** In the group that they are to fire in. */
    private void armTimers() {
        armMaintenance(CALM);
        armSweep();
    }

    private void armMaintenance(Duration delay) {
        if (!closed) {
            maintenance.arm(delay);
        }
    }

    private void armSweep() {
        if (!closed) {
            sweep.arm(SWEEP);
        }
    }

    public Parts parts() {
        return parts;
    }

    public Shard shard() {
        return shard;
    }

    public StoreShard peer(int id) {
        return parts.part(id);
    }

    public Keyspace keyspace() {
        return keyspace;
    }

    /** The hashes of the keyspace, one at a time. */
    public Hashes hashes() {
        return hashes;
    }

    /** The sets of the keyspace, one at a time. */
    public Sets sets() {
        return sets;
    }

    /** The streams of the keyspace, one at a time. */
    public Streams streams() {
        return streams;
    }

    /** The lists of the keyspace, one at a time. */
    public Lists lists() {
        return lists;
    }

    /** The sorted sets of the keyspace, one at a time. */
    public SortedSets sortedSets() {
        return sortedSets;
    }

    /** The same sets, for who looks into one while it goes through another. */
    public Sets otherSets() {
        return otherSets;
    }

    /** What hashes and sets of the keyspace are read and written by, for who walks through one beside commands that do. */
    public FieldTable newTable() {
        return new FieldTable(keyspace.nodes(), fieldHash);
    }

    /** What makes bytes of the keyspace's values, and values of bytes. */
    public ValueWorks values() {
        return values;
    }

    /** The same sorted sets, for who looks into one while it goes through another. */
    public SortedSets otherSortedSets() {
        return otherSortedSets;
    }

    /** Memory for what one command gathers here. */
    public Workspace workspace() {
        return new Workspace(shard, gathered, parts.maxGathered());
    }

    /** A hash of members that nobody can foresee; good on this shard alone. */
    public KeyspaceHash memberHash() {
        return fieldHash;
    }

    /** To be told that a hash has got a field that expires. */
    public void fieldsExpire() {
        fieldExpiry.start();
    }

    public StoreStats stats() {
        return stats;
    }

    public CommandCall call() {
        return call;
    }

    /** Who has subscribed to which channels. */
    public SubscriptionShard subscriptions() {
        return subscriptions;
    }

    /** Whether a command may not run now, as it publishes and what it publishes has no room. */
    public boolean isHeldUp(Command command) {
        return subscriptions.isHeldUp() && tells(command);
    }

    /** Whether a command tells subscribers of something. */
    public boolean tells(Command command) {
        return command.route() == Command.Route.CHANNEL || events != null && command.has(Command.Flag.WRITE);
    }

    /** Tells of those classes of events from now on that are asked for, and of no others. */
    public void tellEvents() {
        int classes = parts.events();
        if (classes == toldEvents) {
            return;
        }
        toldEvents = classes;
        endOfEvents.run();
        endOfEvents = () -> {};
        events = null;
        keyspace.alsoEffects(null);
        if (classes != 0) {
            KeyEvents told = new KeyEvents(subscriptions, keyspace, classes);
            Runnable end = keyspace.listen(told);
            endOfEvents = () -> {
                end.run();
                told.close();
            };
            keyspace.alsoEffects(told);
            events = told;
        }
    }

    /** A key that is not there was to be read. */
    void missed(long key, int length) {
        if (events != null) {
            events.missed(key, length);
        }
    }

    /** What changes keys from now on is this command; null when it has ended. */
    void changes(@Nullable Command command, CommandCall call) {
        KeyEvents told = events;
        if (told == null) {
            return;
        }
        if (command == null) {
            told.end();
        } else {
            told.begin(command.name(), call);
        }
    }

    /** Whether somebody was told of what the command that runs now does. */
    boolean hasToldEvents() {
        return events != null && events.hasTold();
    }

    /** Somebody was told in an earlier turn of what the command that runs now does to a key. */
    void toldEvents(long key, int length) {
        if (events != null) {
            events.toldBefore(key, length);
        }
    }

    /** Who writes now, as {@link Client.Tracker#writer}; 0 for somebody who hears of it as others do. */
    public long writer() {
        return writer;
    }

    /** What is known of who has read which keys; null if nobody ever asked for that. */
    public @Nullable Tracking tracking() {
        return tracking;
    }

    public void tracking(Tracking known) {
        tracking = known;
    }

    /** The keys that clients wait for. */
    public WaitingKeys waiting() {
        return waiting;
    }

    /** The call that commands are run with which have waited. */
    public CommandCall offering() {
        return offering;
    }

    /**
     * Offers keys that were written to who waits for them; not within a step of the log, as who is served would be answered
     * before the log has that: whoever ends the step calls this again.
     */
    public void serveWaiting() {
        if (waiting.isReady()) {
            Journal journal = journal();
            if (journal == null || !journal.isWithin()) {
                waiting.serve();
            }
        }
    }

    /** Who uses which keys for longer than a moment. */
    public IntentLocks locks() {
        return locks;
    }

    /** Who is to know of changes of which keys. */
    public KeyWatches watches() {
        return watches;
    }

    /** A number for who watches keys on any shard: nobody else has it, and it says that it is this shard's. */
    public long nextWatcher() {
        return ++nextWatcher * parts.count() + shard.id();
    }

    /** Where it is counted what clients have us keep, beside what they are sent. */
    public SystemMemory clientMemory() {
        return clientMemory;
    }

    public long now() {
        return clock.getAsLong();
    }

    /** Runs a command; if its method throws, the reply says so and nothing else suffers. */
    public void run(Command command, CommandCall call) {
        run(command, call, maxMemory.isLimited() || kept != null);
    }

    /** As {@link #run(Command, CommandCall)}, of one of several for which there was memory when the first of them began. */
    public void runAnyhow(Command command, CommandCall call) {
        run(command, call, false);
    }

    private void run(Command command, CommandCall call, boolean mayBeRefused) {
        runCounted(command, call, mayBeRefused);
        serveWaiting();
    }

    /** As {@link #run(Command, CommandCall)}; the caller serves who waits when it is done itself. */
    public void runAlone(Command command, CommandCall call) {
        runCounted(command, call, maxMemory.isLimited() || kept != null);
    }

    /** Runs a command within one that is under way, which has asked whether there is memory: who waits is served behind that. */
    public void runWithin(Command command, CommandCall call) {
        runCounted(command, call, false);
    }

    private void runCounted(Command command, CommandCall call, boolean mayBeRefused) {
        ReplyWriter reply = call.reply();
        long errorsBefore = reply.errors();
        long begun = begin(command);
        work(command, call, command.body(), mayBeRefused);
        end(command, call, begun, reply.errors() != errorsBefore);
    }

    /** As {@link #run}, for a command that has waited and was counted then. */
    public void runAgain(Command command, CommandCall call) {
        work(command, call, command.body(), maxMemory.isLimited() || kept != null);
    }

    /** Does one more piece of a command that has begun and been counted: it is not refused any more. */
    void goOn(Command command, CommandCall call, Command.Body piece) {
        work(command, call, piece, false);
    }

    /** As {@link #runAgain}, for what has waited for a key that it is offered now: noted where that takes long. */
    public void runServed(Command command, CommandCall call) {
        if (slowNanos == Long.MAX_VALUE || watch == null) {
            runAgain(command, call);
            return;
        }
        long begun = shard.environment().clock().nanoTime();
        runAgain(command, call);
        long nanos = Math.max(0, shard.environment().clock().nanoTime() - begun);
        if (nanos >= slowNanos) {
            watch.slow(command, call, nanos);
        }
    }

    private void work(Command command, CommandCall call, Command.Body body, boolean mayBeRefused) {
        ReplyWriter reply = call.reply();
        int before = reply.position();
        long errorsBefore = reply.errors();
        Journal journal = journal();
        if (journal != null) {
            journal.begin(command.has(Command.Flag.WRITE));
        }
        keyspace.leaveWrite();
        changes(command, call);
        writer = call.writer();
        try {
            keyspace.database(call.database());
            String refusal = mayBeRefused ? refusal(command) : null;
            if (refusal != null) {
                reply.error(refusal);
            } else {
                body.run(call);
                if (reply.errors() == errorsBefore && command.has(Command.Flag.WRITE)) {
                    keyspace.endWrite();
                }
            }
        } catch (Throwable failure) {
            // It may have changed a part of what it began to.
            keyspace.written();
            reply.rewind(before);
            reply.error(Errors.of(failure));
            tellFailed(command, failure);
        } finally {
            if (journal != null) {
                journal.end();
            }
        }
        writer = 0;
        changes(null, call);
    }

    private void end(Command command, CommandCall ended, long begun, boolean failed) {
        if (begun != 0) {
            long nanos = counts.end(command, begun);
            if (nanos >= slowNanos && watch != null) {
                watch.slow(command, ended, nanos);
            }
        }
        if (failed) {
            counts.failed(command);
        }
    }

    /** Who is told of slow commands; null for nobody. */
    public @Nullable Watch watch() {
        return watch;
    }

    /** Says who is told of slow commands; once, before there are clients. */
    public void watch(Watch told) {
        watch = told;
        diagnosticsChanged();
    }

    /** What is noted of commands has changed. */
    public void diagnosticsChanged() {
        DiagnosticSettings settings = parts.diagnostics();
        slowNanos = Math.min(settings.slowNanos(), settings.latencyNanos());
        for (Command command : parts.commands().all()) {
            counts.timeAll(command, slowNanos < Long.MAX_VALUE && (slowNanos < QUICK_NANOS || !isQuick(command)));
        }
    }

    /** Whether a command takes no millisecond, whatever it is given: then one call in 64 is timed, as a look at the clock is dear. */
    private static boolean isQuick(Command command) {
        return command.has(Command.Flag.FAST) || command.doc().group().equals("string") && command.keys().isOne();
    }

    /** Whether somebody is to look at each command of this shard's clients before it is run. */
    public boolean isGated() {
        return gated;
    }

    public void gated(boolean yes) {
        gated = yes;
    }

    /** Whether what is due goes by itself; for tests, which look at what is left to be found. */
    public void expiresByItself(boolean yes) {
        expiresByItself = yes;
    }

    /** Errors that were answered, by their codes. */
    public ErrorCounts errors() {
        return errors;
    }

    /**
     * Runs something that touches a key, for code of this process: at once, unless others use the key for longer; then
     * behind them.
     */
    public <R extends @Nullable Object> CompletionStage<R> onKey(int slot, boolean writes,
            Function<StoreShard, R> work) {
        Journal journal = journal();
        String refusal = writes && journal != null ? journal.refusal() : null;
        if (refusal != null) {
            return CompletableFuture.failedFuture(new RejectedExecutionException(refusal));
        }
        if (locks.isFree()) {
            return perform(writes, work);
        }
        CompletableFuture<R> result = new CompletableFuture<>();
        KeyWork<R> waiting = new KeyWork<>(this, work, result);
        waiting.begin(slot, writes);
        return result;
    }

    /** Does something for code of this process now: complete once the log has it, if there is one. */
    <R extends @Nullable Object> CompletionStage<R> perform(boolean writes, Function<StoreShard, R> work) {
        keyspace.database(0);
        Journal journal = journal();
        if (journal == null) {
            return CompletableFuture.completedFuture(work.apply(this));
        }
        long before = journal.mark();
        R result;
        journal.begin(writes);
        try {
            result = work.apply(this);
        } finally {
            journal.end();
        }
        long mark = journal.mark();
        serveWaiting();
        return mark == before || journal.isKept(mark)
                ? CompletableFuture.completedFuture(result)
                : journal.whenKept(mark).thenApply(_ -> result);
    }

    /** The keys, as what is logged of them is applied, snapshotted and dropped. */
    public ShardReplica replica() {
        return replica;
    }

    /** Keeps what is done to the keys, once it is open; null for a store in memory alone. */
    public @Nullable KeptShard kept() {
        return kept;
    }

    /** Where what is done to the keys goes; null for nowhere. */
    public @Nullable Journal journal() {
        return kept == null ? null : kept.journal();
    }

    /** Counts a command that begins; when it did, for {@link #end}. */
    long begin(Command command) {
        stats.commands.increment();
        return counts.begin(command);
    }

    /** Counts a command that has ended, with an error or not. */
    void end(Command command, long begun, boolean failed) {
        if (begun != 0) {
            counts.end(command, begun);
        }
        if (failed) {
            counts.failed(command);
        }
    }

    /** Why a command may not be run, in Redis's words; null if it may. */
    @Nullable
    String refusal(Command command) {
        String unkept = command.has(Command.Flag.WRITE) ? refusalToKeep() : null;
        if (unkept != null) {
            return unkept;
        }
        return command.has(Command.Flag.DENYOOM) ? refusal() : null;
    }

    /** Why nothing may be written, since it would not be kept; null if it may. */
    public @Nullable String refusalToKeep() {
        Journal journal = journal();
        return journal == null ? null : journal.refusal();
    }

    /** Why nothing may be run that might need memory, in Redis's words; null if it may. */
    public @Nullable String refusal() {
        return maxMemory.isLimited() && !maxMemory.makeRoom(full && isFull())
                ? "OOM command not allowed when used memory > 'maxmemory'."
                : null;
    }

    /** Another call, for commands that run while one is under way. */
    public CommandCall newCall() {
        return new CommandCall(this);
    }

    /** What a family of commands keeps on this shard; made when it is first asked for, and closed with the shard. */
    public <T extends AutoCloseable> T family(Class<T> type, Function<StoreShard, T> make) {
        AutoCloseable known = families.get(type);
        if (known == null && closed) {
            throw new IllegalStateException("the store is closed on shard " + shard.id());
        }
        if (known == null) {
            known = make.apply(this);
            families.put(type, known);
        }
        return type.cast(known);
    }

    /**
     * Notes what holds memory off the heap until it is closed. Where the engine stops before, it is closed once no shard runs any
     * more: until then another shard may work with it.
     */
    public void holds(AutoCloseable memory) {
        holders.add(memory);
    }

    /** What holds memory is being closed: whether it is to give that back, which it is told once. Any thread. */
    public boolean letsGo(AutoCloseable memory) {
        return holders.remove(memory);
    }

    /** No shard runs any more: closes what was under way and has not ended. */
    public void closeHolders() {
        for (AutoCloseable each : List.copyOf(holders)) {
            close(each);
        }
    }

    /** Notes what a command has thrown. */
    public void tellFailed(Command command, Throwable failure) {
        stats.failures.increment();
        commandFailed.tell("Command '{}' failed on shard {}", command.name(), shard.id(), failure);
    }

    /** Netty's buffers may have shrunk, which nobody tells: looks anew, once in a millisecond. */
    private boolean isFull() {
        MemoryBudget budget = shard.memory().budget().all();
        long now = now();
        if (now != lookedAt) {
            lookedAt = now;
            budget.look();
        }
        return budget.level() == MemoryLevel.FULL;
    }

    /** How often each command was run here. */
    public CommandCounts counts() {
        return counts;
    }

    /** Adds a client and gives it an id: unique over all shards, ascending on each. */
    public long addClient(Client client) {
        long id = ++nextClient * parts.count() + shard.id();
        clients.put(id, client);
        return id;
    }

    public void removeClient(long id) {
        clients.remove(id);
    }

    /** The client of an id; null if there is none here. */
    public @Nullable Client client(long id) {
        return clients.get(id);
    }

    /** This shard's clients, in the order of their ids. A copy. */
    public List<Client> clients() {
        List<Client> all = new ArrayList<>(clients.values());
        all.sort(Comparator.comparingLong(Client::id));
        return all;
    }

    /** Clients that were ever connected. */
    long connections() {
        return nextClient;
    }

    /** Commands per second, of late. */
    long commandsPerSecond() {
        return commandsPerSecond;
    }

    /** What {@code INFO} counts from; null to count from the start. */
    @Nullable
    StoreReport statisticsBase() {
        return statisticsBase;
    }

    /**
     * Lets {@code INFO} count from zero; what metrics read goes on.
     *
     * @param running a command that is under way on this shard, and counts from now on; null for none
     */
    public void resetStatistics(@Nullable Command running) {
        StoreReport base = StoreReport.total(this);
        if (running != null) {
            base.commands().withoutOne(running);
        }
        statisticsBase = base;
    }

    // Keys must never cease to expire, whatever is thrown. So each of the two timers is armed however its work ends, and
    // looks after the other one, as to arm a timer may fail too where memory runs out.

    private void sweep() {
        try {
            long now = now();
            long commands = stats.commands.get();
            commandsPerSecond = (commands - commandsAtSweep) * 1000 / Math.max(1, now - sweptAt);
            commandsAtSweep = commands;
            sweptAt = now;
            shard.memory().budget().all().look();
            locks.removeOf(peer -> parts.engine().shard(peer).isTerminated());
            Journal journal = journal();
            if (journal != null) {
                journal.endAloneOf(peer -> parts.engine().shard(peer).isTerminated(), parts.count());
            }
            watches.forgetIf(watcher -> parts.engine().shard((int) (watcher % parts.count())).isTerminated());
            values.endOf(slot -> !locks.isWritten((int) slot));
            subscriptions.forgetDead();
            if (tracking != null) {
                tracking.sweep();
            }
            waiting.removeOf(peer -> parts.engine().shard(peer).isTerminated());
            for (Client client : new ArrayList<>(clients.values())) {
                client.closeIfIdle(now);
            }
            if (kept != null) {
                kept.snapshotIfDue();
            }
        } catch (Throwable failure) {
            failed("Closing silent clients", failure);
        } finally {
            armSweep();
            if (!maintenance.isArmed()) {
                armMaintenance(CALM);
            }
        }
    }

    /** Removes what is due, gives memory back and closes gaps, a little at a time. */
    private void maintain() {
        Duration next = CALM;
        try {
            if (mayExpire() && expire()) {
                next = BUSY;
            }
            aging.tick(now());
            if (!isBeingRead() && maxMemory.maintain() || keyspace.freeNodes(FREE_STEPS) >= FREE_STEPS
                    || keyspace.release(RELEASE_BYTES)) {
                next = Duration.ZERO;
            } else if (keyspace.defragment(DEFRAGMENT_STEPS) >= DEFRAGMENT_STEPS) {
                next = BUSY;
            }
        } catch (Throwable failure) {
            next = CALM;
            failed("Maintenance of the keys", failure);
        } finally {
            armMaintenance(next);
            if (!sweep.isArmed()) {
                armSweep();
            }
        }
    }

    /** Removes some of what is due; whether there may be more. */
    private boolean expire() {
        long noted = parts.diagnostics().latencyNanos();
        long begun = noted == Long.MAX_VALUE ? 0 : shard.environment().clock().nanoTime();
        boolean any = false;
        if (keyspace.expiring() > 0 && expiresByItself) {
            any = true;
            keyspace.expireDue(now(), EXPIRY_STEPS);
        }
        if (fieldExpiry.isNeeded()) {
            any = true;
            fieldExpiry.run(now(), FIELD_STEPS);
        }
        if (any && noted != Long.MAX_VALUE && watch != null) {
            long nanos = shard.environment().clock().nanoTime() - begun;
            if (nanos >= noted) {
                watch.took("expire-cycle", nanos);
            }
        }
        return any;
    }

    /**
     * Whether somebody uses a key over several turns, or waits for it: a step has one time, at which what was there at its beginning
     * is there to its end.
     */
    private boolean isUsed(long entry) {
        return !locks.isFree() && locks.isUsed(Slots.of(keyspace.keyAddress(entry), keyspace.keyLength(entry)));
    }

    /** Whether what is logged is not all applied yet: what the rest of it is about must be there, though it is due by now. */
    private boolean isBeingRead() {
        return replica.isCopy();
    }

    /** What is due goes when the log, or the lanes to who is told of it, have room for that. */
    private boolean mayExpire() {
        Journal journal = journal();
        if (journal != null && journal.isBehind()) {
            journal.maintain();
            return false;
        }
        return !isBeingRead() && (events == null || !subscriptions.isHeldUp());
    }

    /** For another shard, whose keys take less; answers always true. */
    boolean evictForOthers() {
        return isBeingRead() || maxMemory.evictForOthers();
    }

    private void memoryLevel(MemoryLevel level) {
        full = level == MemoryLevel.FULL;
        if (full) {
            maxMemory.full();
        } else {
            maxMemory.notFull();
        }
        if (level != MemoryLevel.OK) {
            keyspace.trim();
            shard.execute(parts.engine().groups().maintenance(), () -> armMaintenance(Duration.ZERO));
        }
    }

    private void failed(String what, Throwable failure) {
        upkeepFailed.tell("{} failed on shard {}; it is tried again", what, shard.id(), failure);
    }

    /** Whether it is over: there are no keys any more. */
    boolean isClosed() {
        return closed;
    }

    @Override
    public void close() {
        closed = true;
        try {
            maintenance.cancel();
            sweep.cancel();
            endOfLevels.run();
            locks.abandonAll();
            watches.close();
            values.close();
        } finally {
            if (kept != null) {
                kept.close();
            }
            replica.close();
            // Its memory is the system's again, whatever else fails.
            subscriptions.close();
            endOfEvents.run();
            keyspace.close();
            hashes.close();
            sets.close();
            otherSets.close();
            lists.close();
            streams.close();
            sortedSets.close();
            otherSortedSets.close();
            families.values().forEach(StoreShard::close);
        }
    }

    private static void close(AutoCloseable family) {
        try {
            family.close();
        } catch (Exception failure) {
            log.error("{} did not close", family, failure);
        }
    }
}
