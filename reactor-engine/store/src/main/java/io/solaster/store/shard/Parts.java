package io.solaster.store.shard;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

import io.solaster.config.StoreConfig;
import io.solaster.config.StorePersistenceConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.engine.Ownership;
import io.solaster.engine.Sharded;
import io.solaster.store.acl.Acl;
import io.solaster.store.keyspace.Encodings;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.message.Channels;
import io.solaster.store.message.EventClasses;
import io.solaster.store.message.RespMessages;
import io.solaster.store.persist.KeptShard;
import io.solaster.store.persist.Persistence;
import io.solaster.store.stats.DiagnosticSettings;
import io.solaster.streams.subscribe.Subscriptions;
import org.jspecify.annotations.Nullable;

/** The parts of one store, a shard each, and what they have in common. Any thread may call. */
public final class Parts {
    private final Engine engine;
    private final Commands commands;
    private final Acl acl;
    private final boolean debug;
    private final StoreShard[] byShard;
    private final Sharded<StoreShard> sharded;
    private final LongSupplier clock;
    private final boolean kept;
    private volatile @Nullable Persistence persistence;
    private final long startedAt;
    private final String runId;
    private volatile int longestString = Keyspace.MAX_LENGTH;
    private volatile MemorySettings memory;
    private volatile DiagnosticSettings diagnostics = DiagnosticSettings.DEFAULTS;
    private final long maxGathered;
    private final int databases;
    private final @Nullable Ownership ownership;
    private volatile Encodings encodings = Encodings.DEFAULTS;
    private final Map<Class<?>, Object> families = new ConcurrentHashMap<>();
    private final AtomicInteger busyScripts = new AtomicInteger();
    /** What the keys of each shard take; written by that shard. */
    private final AtomicLong[] held;
    private final Subscriptions subscriptions;
    private volatile int events;

    /**
     * @param commands all that there are
     * @param clock of Unix milliseconds, which any shard may ask
     * @param ownership who serves which slot; null where this process does, if clients of a cluster ask
     */
    public Parts(Engine engine, StoreConfig config, Commands commands, LongSupplier clock,
            @Nullable Ownership ownership) {
        this.engine = engine;
        this.commands = commands;
        this.acl = new Acl(commands.catalogue());
        this.debug = config.debug();
        acl.configure(config.users());
        this.memory = MemorySettings.of(config);
        this.events = EventClasses.parse(config.notifyKeyspaceEvents());
        if (events < 0) {
            throw new IllegalArgumentException(
                    "solaster.store.notify-keyspace-events: '" + config.notifyKeyspaceEvents()
                            + "' has a letter that is none of Ag$lshzxeKEtmdn");
        }
        this.maxGathered = config.maxGathered().bytes();
        this.held = new AtomicLong[engine.shards().size()];
        Arrays.setAll(held, shard -> new AtomicLong());
        this.clock = clock;
        this.kept = config.persistence().isOn();
        this.runId = newRunId(engine.environment().secrets());
        this.ownership = ownership == null && config.cluster()
                ? Ownership.alone(new Ownership.Node(runId, "", 0))
                : ownership;
        this.databases = this.ownership == null ? config.databases() : 1;
        this.startedAt = clock.getAsLong();
        this.byShard = new StoreShard[engine.shards().size()];
        this.subscriptions = new Subscriptions(engine, new Channels(byShard.length), RespMessages::new);
        this.sharded = Sharded.over(engine, shard -> byShard[shard.id()]);
    }

    private static String newRunId(RandomGenerator secrets) {
        byte[] random = new byte[20];
        secrets.nextBytes(random);
        return HexFormat.of().formatHex(random);
    }

    /** No shard runs any more: what was under way gives its memory back. On whatever thread. */
    public void closeHolders() {
        for (StoreShard each : byShard) {
            each.closeHolders();
        }
    }

    /** Whether the keys are kept over a restart. */
    boolean isKept() {
        return kept;
    }

    /** What keeps the keys over a restart; null for nothing, and before it is open. */
    public @Nullable Persistence persistence() {
        return persistence;
    }

    /** Reads what is kept, once, before there are clients. Not on a shard. */
    public void open(StorePersistenceConfig config) {
        List<KeptShard> all = new ArrayList<>();
        for (StoreShard each : byShard) {
            all.add(Objects.requireNonNull(each.kept()));
        }
        persistence = Persistence.open(engine, config, databases, all);
        sharded.onAll(this::beyondDatabases).join().stream().filter(found -> !found.isEmpty()).findFirst()
                .ifPresent(found -> {
                    throw new IllegalStateException((ownership == null
                            ? "solaster.store.databases: " + databases
                            : "solaster.store.cluster: true, and so one database") + ", and " + found);
                });
    }

    /** What is kept in databases that are not there; empty for nothing. */
    private String beyondDatabases(StoreShard part) {
        for (int i = databases; i < part.keyspace().databases(); i++) {
            if (part.keyspace().size(i) > 0) {
                return "database " + i + " is kept with " + part.keyspace().size(i) + " keys; set "
                        + (ownership == null ? i + 1 + " or more" : "it to false, and move them");
            }
        }
        return "";
    }

    /** Puts a part where the others find it; on its shard, before anybody asks for it. */
    void add(StoreShard part) {
        byShard[part.shard().id()] = part;
    }

    public Engine engine() {
        return engine;
    }

    /** The commands that there are. */
    public Commands commands() {
        return commands;
    }

    /** Whether what is for tests is there. */
    public boolean debug() {
        return debug;
    }

    /** The users, and what they may do. */
    public Acl acl() {
        return acl;
    }

    /** What is noted of commands, and for how long. */
    public DiagnosticSettings diagnostics() {
        return diagnostics;
    }

    /** Changes what is noted of commands; each shard is to be told ({@link StoreShard#diagnosticsChanged}). On shard 0. */
    public void diagnostics(DiagnosticSettings settings) {
        diagnostics = settings;
    }

    public int count() {
        return byShard.length;
    }

    /** A shard's part, for messages to it; it is touched on its shard only. */
    public StoreShard part(int shard) {
        return byShard[shard];
    }

    /** Of which classes of events is told, a bit each. */
    public int events() {
        return events;
    }

    /** Sets of which classes of events is told: {@link StoreShard#tellEvents} follows on each shard. On shard 0. */
    public void events(int classes) {
        events = classes;
    }

    /** Who has subscribed to which channels. */
    public Subscriptions subscriptions() {
        return subscriptions;
    }

    /** The parts, for calls to them. */
    public Sharded<StoreShard> sharded() {
        return sharded;
    }

    /** What a family of commands keeps for all shards; made when it is first asked for. */
    public <T> T family(Class<T> type, Supplier<T> make) {
        return type.cast(families.computeIfAbsent(type, none -> make.get()));
    }

    /** Unix milliseconds. */
    public long startedAt() {
        return startedAt;
    }

    LongSupplier clock() {
        return clock;
    }

    /** 40 hexadecimal digits that no other start of a store has. */
    public String runId() {
        return runId;
    }

    /** What the keys of all shards may take. */
    public MemorySettings memory() {
        return memory;
    }

    /** Sets what the keys of all shards may take: each shard sees it before its next command. On shard 0. */
    public void memory(MemorySettings settings) {
        memory = settings;
    }

    /** Up to which sizes values are kept small. */
    public Encodings encodings() {
        return encodings;
    }

    /** Sets up to which sizes values are kept small; each shard is to be told. On shard 0. */
    public void encodings(Encodings sizes) {
        encodings = sizes;
    }

    /** Which node of a cluster serves which slot; null where no cluster is spoken of. */
    public @Nullable Ownership ownership() {
        return ownership;
    }

    /** How many databases there are. */
    public int databases() {
        return databases;
    }

    /** Whether there is a database of a number. */
    public boolean hasDatabase(long number) {
        return number >= 0 && number < databases;
    }

    /** Bytes that one command may gather on one shard. */
    long maxGathered() {
        return maxGathered;
    }

    /** Tells how many bytes the keys of a shard take; on that shard. */
    void held(int shard, long bytes) {
        held[shard].lazySet(bytes);
    }

    /** Bytes that the keys of all shards take, as each has told last. */
    long held() {
        long sum = 0;
        for (AtomicLong each : held) {
            sum += each.get();
        }
        return sum;
    }

    /** The shard whose keys take most. */
    int largest() {
        int largest = 0;
        for (int i = 1; i < held.length; i++) {
            if (held[i].get() > held[largest].get()) {
                largest = i;
            }
        }
        return largest;
    }

    /** Whether a script runs for so long that commands are refused meanwhile. */
    public boolean isBusy() {
        return busyScripts.get() > 0;
    }

    /** Says that scripts have come to run for so long, or have ended. */
    public void busy(int more) {
        busyScripts.addAndGet(more);
    }

    /** The longest value that commands may make of shorter ones, in bytes. */
    public int longestString() {
        return longestString;
    }

    /** Sets the longest value: of servers before the same store, the one that was last told a limit decides. */
    public void longestString(ByteSize limit) {
        longestString = Math.min(limit.intBytes(), Keyspace.MAX_LENGTH);
    }
}
