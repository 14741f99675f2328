package io.solaster.store.keyspace;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.LongPredicate;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;
import io.solaster.engine.memory.SystemMemory;
import org.jspecify.annotations.Nullable;

/**
 * A keyspace by extendible hashing (Fagin et al., ACM TODS 1979) over segments of cache-line buckets: the
 * {@link Directory} leads from a hash to a {@link Segment}, whose slots lead to {@link Entries}, in blocks of
 * {@link Slabs}: segments in chunks of their own, so that what every command touches lies close together. A hit touches two places in memory, the bucket and the entry, and rarely a second bucket or (1 in 800) a
 * wrong entry.
 *
 * <p>
 * Longer than 500 lines because each call of the interface is a few lines here, over the classes that do the work.
 */
final class OffHeapKeyspace implements Keyspace {
    /** What a cursor of one database has room for. */
    private static final int CURSOR_BITS = 41;
    /** How many segments whose keys are all due are looked through for one that is not. */
    private static final int ANY_SEGMENTS = 16;
    /** So often another key is chosen to go where one is pinned. */
    private static final int CHOICES = 16;

    private final Slabs slabs; // of entries
    private final Slabs segmentSlabs;
    private final Slabs nodes;
    private final ValueTypes types;
    private final Entries entries;
    private final Detached detached;
    private final NodeMover nodeMover;
    private final Writes writes = new Writes();
    private final AccessClock clock = new AccessClock();
    private final Evictor evictor;
    private final ExpirySweep.Removal removal = this::expireUnused;
    private final Pins pins = new Pins();
    private LongPredicate used = _ -> false;
    private final EntryVisitor ager = this::age;
    private final Remains remains;
    private final SystemMemory system;
    private final boolean ownsNodes;
    private @Nullable OffHeapKeyspace aside;
    private Encodings encodings = Encodings.DEFAULTS;
    private KeyspaceHash hash;

    /** By table, and by number: null for one that nobody has selected yet. */
    private Database[] tables;
    private @Nullable Database[] numbers;
    /** The one that is selected, and of it what every call needs. */
    private Database database;
    private Directory directory;
    private int selected;
    /** The table whose keys that are due are looked for next. */
    private int sweepTable;
    private long expired;
    private long evicted;
    private boolean closed;

    OffHeapKeyspace(SystemMemory system, KeyspaceHash hash, List<? extends ValueType> types) {
        this(system, hash, new ValueTypes(types), new Slabs(system), true);
    }

    /** @param ownsNodes whether the nodes are no other keyspace's, too */
    private OffHeapKeyspace(SystemMemory system, KeyspaceHash hash, ValueTypes types, Slabs nodes, boolean ownsNodes) {
        this.system = system;
        this.hash = hash;
        this.types = types;
        this.nodes = nodes;
        this.ownsNodes = ownsNodes;
        slabs = new Slabs(system);
        segmentSlabs = new Slabs(system);
        entries = new Entries(slabs);
        detached = new Detached(slabs, nodes, this.types);
        nodeMover = new NodeMover(nodes, this.types, this::scanAll, this::isPinned);
        evictor = new Evictor(hash, clock);
        remains = new Remains(segmentSlabs, this::discard);
        try {
            database = new Database(system, segmentSlabs, hash, 0, 0);
        } catch (OutOfMemoryError e) {
            segmentSlabs.close();
            throw e;
        }
        directory = database.directory;
        tables = new Database[]{database};
        numbers = new @Nullable Database[]{database};
    }

    // ---- databases

    @Override
    public void database(int number) {
        if (number != selected) {
            select(number);
        }
    }

    private void select(int number) {
        Database wanted = number < numbers.length ? numbers[number] : null;
        use(wanted == null ? added(number) : wanted);
    }

    private void use(Database wanted) {
        database = wanted;
        directory = wanted.directory;
        selected = wanted.number;
    }

    private Database added(int number) {
        if (closed) {
            throw new IllegalStateException("this keyspace is closed");
        }
        Database made = new Database(system, segmentSlabs, hash, number, tables.length);
        if (number >= numbers.length) {
            numbers = Arrays.copyOf(numbers, number + 1);
        }
        tables = Arrays.copyOf(tables, tables.length + 1);
        tables[made.table] = made;
        numbers[number] = made;
        return made;
    }

    @Override
    public int database() {
        return selected;
    }

    @Override
    public int table() {
        return database.table;
    }

    @Override
    public int tables() {
        return tables.length;
    }

    @Override
    public void selectTable(int table) {
        use(tables[table]);
    }

    @Override
    public int databases() {
        return numbers.length;
    }

    @Override
    public long size(int number) {
        Database known = number < numbers.length ? numbers[number] : null;
        return known == null ? 0 : known.size;
    }

    @Override
    public long expiring(int number) {
        Database known = number < numbers.length ? numbers[number] : null;
        return known == null ? 0 : known.expiring;
    }

    @Override
    public long size() {
        long size = 0;
        for (Database each : tables) {
            size += each.size;
        }
        return size;
    }

    @Override
    public long expiring() {
        long expiring = 0;
        for (Database each : tables) {
            expiring += each.expiring;
        }
        return expiring;
    }

    @Override
    public void swap(int one, int other) {
        int before = selected;
        database(one);
        Database first = database;
        database(other);
        Database second = database;
        writes.leave();
        first.number = other;
        second.number = one;
        numbers[one] = second;
        numbers[other] = first;
        select(before);
        writes.swapped(one, other);
    }

    @Override
    public boolean move(long key, int keyLength, int to) {
        long h = hash.hash(key, keyLength);
        long at = Segment.locate(directory.segment(h), h, key, keyLength);
        int from = selected;
        if (at == 0 || to == from) {
            return false;
        }
        long entry = Segment.entry(Memory.getLong(at));
        boolean expires = Segment.expires(Memory.getLong(at));
        // All that may fail comes first.
        database(to);
        long segment;
        try {
            segment = directory.roomFor(h);
        } catch (OutOfMemoryError none) {
            database(from);
            throw none;
        }
        database(from);
        writes.begin(key, keyLength, entry);
        takeOut(h, at);
        writes.moved(entry, true);
        database(to);
        writes.begin(key, keyLength, 0);
        Segment.put(segment, Segment.slot(entry, h, expires));
        Segment.add(segment, 1, expires ? 1 : 0);
        database.size++;
        database.expiring += expires ? 1 : 0;
        writes.moved(entry, false);
        database(from);
        writes.tellMoved(entry, to);
        return true;
    }

    @Override
    public void empty() {
        if (size() == database.size) {
            clear();
            return;
        }
        Database emptied = database;
        Database anew = new Database(system, segmentSlabs, hash, emptied.number, emptied.table);
        writes.emptied();
        numbers[emptied.number] = anew;
        tables[emptied.table] = anew;
        use(anew);
        evictor.clear();
        remains.add(emptied.directory);
    }

    @Override
    public long expired() {
        return expired;
    }

    @Override
    public long usedMemory() {
        long used = slabs.used() + segmentSlabs.used() + tableBytes() + (ownsNodes ? nodes.used() : 0);
        return aside == null ? used : used + aside.usedMemory();
    }

    /** Bytes of the tables, those of segments aside. */
    private long tableBytes() {
        long bytes = remains.used();
        for (Database each : tables) {
            bytes += each.directory.used();
        }
        return bytes;
    }

    @Override
    public long liveBytes() {
        return slabs.live() + nodes.live();
    }

    @Override
    public Slabs nodes() {
        return nodes;
    }

    @Override
    public Keyspace aside() {
        OffHeapKeyspace made = aside;
        if (made == null) {
            if (closed) {
                throw closed();
            }
            made = new OffHeapKeyspace(system, hash, types, nodes, false);
            made.encodings = encodings;
            aside = made;
        }
        return made;
    }

    @Override
    public long take(long from, long key, int keyLength, long expiry) {
        int length = Entries.valueLength(from);
        long entry = put(key, keyLength, Entries.type(from), Entries.valueAddress(from), length, expiry);
        writes.end(entry, false);
        if (length > 0) {
            // What nodes it has are the other key's now.
            Memory.putByte(Entries.valueAddress(from), ValueType.PACKED);
        }
        aside().remove(Entries.keyAddress(from), Entries.keyLength(from));
        return entry;
    }

    @Override
    public long nodeMoves() {
        return nodeMover.moves();
    }

    @Override
    public void pin(long key, int keyLength) {
        pins.add(hash.hash(key, keyLength));
    }

    @Override
    public void unpin(long key, int keyLength) {
        pins.remove(hash.hash(key, keyLength));
    }

    @Override
    public void keepWhile(LongPredicate isUsed) {
        used = isUsed;
    }

    private boolean isToStay(long entry) {
        return isPinned(entry) || used.test(entry);
    }

    private boolean isPinned(long entry) {
        return pins.isAny() && pins.has(Entries.hash(entry, Memory.getLong(entry), hash));
    }

    @Override
    public long nodeBytes(long entry) {
        return types.hasNodes(entry)
                ? types.of(Entries.type(entry)).nodeBytes(nodes, Entries.valueAddress(entry))
                : 0;
    }

    @Override
    public long bytes(long entry) {
        return entries.blockBytes(entry) + nodeBytes(entry) + directory.segments() * Segment.BYTES / database.size;
    }

    @Override
    public int freeNodes(int maxSteps) {
        int freed = detached.free(maxSteps);
        if (freed < maxSteps) {
            freed += remains.free(maxSteps - freed);
        }
        return aside == null || freed >= maxSteps ? freed : freed + aside.freeNodes(maxSteps - freed);
    }

    long segments() {
        return directory.segments();
    }

    int depth() {
        return directory.depth();
    }

    @Override
    public long find(long key, int keyLength, long now) {
        clock.tick(now);
        long entry = peek(key, keyLength, now);
        if (entry != 0) {
            touch(entry);
        }
        return entry;
    }

    private void touch(long entry) {
        int before = Entries.clock(entry);
        int after = clock.touched(before);
        if (after != before) {
            Entries.clock(entry, after);
        }
    }

    @Override
    public long peek(long key, int keyLength, long now) {
        long h = hash.hash(key, keyLength);
        long at = Segment.locate(directory.segment(h), h, key, keyLength);
        if (at == 0) {
            return 0;
        }
        long slot = Memory.getLong(at);
        long entry = Segment.entry(slot);
        if (Segment.expires(slot) && Entries.isDue(entry, now)) {
            if (!pins.has(h)) {
                expire(h, at);
            }
            return 0;
        }
        return entry;
    }

    @Override
    public long beginWrite(long key, int keyLength, long now) {
        long entry = find(key, keyLength, now);
        writes.begin(key, keyLength, entry);
        return entry;
    }

    @Override
    public void beginWrite(long entry) {
        writes.begin(Entries.keyAddress(entry), Entries.keyLength(entry), entry);
    }

    @Override
    public void written() {
        if (writes.isOpen()) {
            writes.end(locate(writes.key(), writes.keyLength()), true);
        }
    }

    @Override
    public void endWrite() {
        if (writes.isOpen()) {
            writes.end(locate(writes.key(), writes.keyLength()), false);
        }
    }

    @Override
    public void effects(@Nullable Effects effects) {
        writes.effects(effects);
    }

    @Override
    public void alsoEffects(@Nullable Effects effects) {
        writes.alsoEffects(effects);
    }

    @Override
    public @Nullable Effects effects() {
        return writes.effects();
    }

    @Override
    public void told() {
        writes.told();
    }

    @Override
    public void leaveWrite() {
        writes.leave();
    }

    /** The key's entry, due or not, or 0. */
    private long locate(long key, int keyLength) {
        long h = hash.hash(key, keyLength);
        long at = Segment.locate(directory.segment(h), h, key, keyLength);
        return at == 0 ? 0 : Segment.entry(Memory.getLong(at));
    }

    @Override
    public Runnable listen(KeyspaceListener listener) {
        return writes.add(listener);
    }

    @Override
    public int type(long entry) {
        return Entries.type(entry);
    }

    @Override
    public long valueAddress(long entry) {
        return Entries.valueAddress(entry);
    }

    @Override
    public int valueLength(long entry) {
        return Entries.valueLength(entry);
    }

    @Override
    public boolean hold(long entry) {
        return entries.hold(entry);
    }

    @Override
    public void letGo(long entry) {
        entries.letGo(entry);
        if (closed) {
            slabs.release(Long.MAX_VALUE);
        }
    }

    @Override
    public boolean isHeld(long entry) {
        return Entries.isHeld(entry);
    }

    @Override
    public long keyAddress(long entry) {
        return Entries.keyAddress(entry);
    }

    @Override
    public int keyLength(long entry) {
        return Entries.keyLength(entry);
    }

    @Override
    public long expiry(long entry) {
        return Entries.expiry(entry);
    }

    @Override
    public long set(long key, int keyLength, long value, int valueLength, long expiry) {
        long entry = put(key, keyLength, TYPE_STRING, value, valueLength, expiry);
        writes.end(entry, true);
        return entry;
    }

    @Override
    public long create(long key, int keyLength, int type, int valueLength, long expiry) {
        if (type != TYPE_STRING) {
            types.of(type);
        }
        return put(key, keyLength, type, 0, valueLength, expiry);
    }

    /** @param value 0 for one that the caller writes */
    private long put(long key, int keyLength, int type, long value, int valueLength, long expiry) {
        check(keyLength, valueLength);
        long h = hash.hash(key, keyLength);
        long at = Segment.locate(directory.segment(h), h, key, keyLength);
        long old = at == 0 ? 0 : Segment.entry(Memory.getLong(at));
        writes.begin(key, keyLength, old);
        writes.whole();
        long entry;
        if (old == 0) {
            entry = insert(h, key, keyLength, type, valueLength, expiry);
        } else if (!types.hasNodes(old) && entries.renew(old, keyLength, type, valueLength, expiry)) {
            entry = old;
            touch(entry);
        } else {
            entry = entries.create(key, keyLength, type, clock.touched(Entries.clock(old)), valueLength, expiry);
        }
        // Before the old entry goes: the value may lie in it.
        if (value != 0) {
            Memory.copy(value, Entries.valueAddress(entry), valueLength);
        }
        if (old != 0) {
            if (entry != old) {
                Memory.putLong(at, Segment.moved(Memory.getLong(at), entry));
                discard(old);
            }
            expires(h, at, expiry != 0);
        }
        return entry;
    }

    /** Frees an entry and its value. */
    private void discard(long entry) {
        // Also where it has no nodes any more: they may have become another key's since the mover came to it.
        nodeMover.moved(entry, 0);
        if (types.hasNodes(entry)) {
            detached.add(entry);
        } else {
            entries.free(entry);
        }
    }

    /** Puts an entry in the place of another one that held the same value. */
    private void replace(long at, long old, long entry) {
        nodeMover.moved(old, entry);
        entries.free(old);
        Memory.putLong(at, Segment.moved(Memory.getLong(at), entry));
    }

    @Override
    public long resizeValue(long key, int keyLength, int valueLength) {
        check(keyLength, valueLength);
        long h = hash.hash(key, keyLength);
        long at = Segment.locate(directory.segment(h), h, key, keyLength);
        long old = at == 0 ? 0 : Segment.entry(Memory.getLong(at));
        writes.begin(key, keyLength, old);
        writes.whole();
        if (old == 0) {
            return insert(h, key, keyLength, TYPE_STRING, valueLength, 0);
        }
        long entry = entries.resize(old, key, keyLength, valueLength);
        if (entry != old) {
            replace(at, old, entry);
        }
        return entry;
    }

    @Override
    public long extendValue(long key, int keyLength, int valueLength) {
        long old = locate(key, keyLength);
        int oldLength = old == 0 ? 0 : Entries.valueLength(old);
        long entry = resizeValue(key, keyLength, valueLength);
        if (valueLength > oldLength && (entry == old || !Entries.wasZero(entry))) {
            Memory.fill(Entries.valueAddress(entry) + oldLength, valueLength - oldLength, (byte) 0);
        }
        return entry;
    }

    @Override
    public boolean remove(long key, int keyLength) {
        long h = hash.hash(key, keyLength);
        long at = Segment.locate(directory.segment(h), h, key, keyLength);
        if (at == 0) {
            return false;
        }
        long entry = Segment.entry(Memory.getLong(at));
        writes.begin(key, keyLength, entry);
        takeOut(h, at);
        // Before the entry goes: the key may lie in it.
        writes.end(0, false);
        discard(entry);
        return true;
    }

    @Override
    public long setExpiry(long key, int keyLength, long expiry) {
        long h = hash.hash(key, keyLength);
        long at = Segment.locate(directory.segment(h), h, key, keyLength);
        if (at == 0) {
            return 0;
        }
        long old = Segment.entry(Memory.getLong(at));
        writes.begin(key, keyLength, old);
        long entry = entries.expire(old, keyLength, expiry);
        if (entry != old) {
            replace(at, old, entry);
        }
        expires(h, at, expiry != 0);
        writes.expires(entry, keyLength, expiry);
        return entry;
    }

    @Override
    public int expireDue(long now, int maxSteps) {
        int before = selected;
        int removed = 0;
        // Those that have keys which expire have their turns, each for all of the steps.
        for (int left = tables.length; left > 0; left--) {
            Database each = tables[sweepTable];
            sweepTable = sweepTable + 1 < tables.length ? sweepTable + 1 : 0;
            if (each.expiring > 0) {
                use(each);
                removed = each.sweep.run(now, maxSteps, removal);
                break;
            }
        }
        database(before);
        return removed;
    }

    @Override
    public long scan(long cursor, EntryVisitor visitor) {
        return database.size == 0 ? 0 : Scan.visit(directory, cursor, visitor);
    }

    /** As {@link #scan}, over all databases; the cursor is above 2^41 then. */
    private long scanAll(long cursor, EntryVisitor visitor) {
        int table = (int) (cursor >>> CURSOR_BITS);
        if (table >= tables.length) {
            return 0;
        }
        Database its = tables[table];
        long next = its.size == 0 ? 0 : Scan.visit(its.directory, cursor & (1L << CURSOR_BITS) - 1, visitor);
        if (next != 0) {
            return (long) table << CURSOR_BITS | next;
        }
        return table + 1 == tables.length ? 0 : (long) (table + 1) << CURSOR_BITS;
    }

    @Override
    public Encodings encodings() {
        return encodings;
    }

    @Override
    public void encodings(Encodings sizes) {
        encodings = sizes;
        if (aside != null) {
            aside.encodings = sizes;
        }
    }

    @Override
    public void evictionPolicy(EvictionPolicy policy) {
        clock.policy(policy);
        evictor.policy(policy);
    }

    @Override
    public boolean evict(long now) {
        clock.tick(now);
        long at = evictor.choose(tables);
        for (int choices = 1; at != 0 && isToStay(Segment.entry(Memory.getLong(at))); choices++) {
            at = choices < CHOICES ? evictor.choose(tables) : 0;
        }
        if (at == 0) {
            return false;
        }
        int before = selected;
        use(evictor.database());
        long entry = Segment.entry(Memory.getLong(at));
        writes.evicted(entry);
        takeOut(evictor.hash(), at);
        discard(entry);
        evicted++;
        database(before);
        return true;
    }

    @Override
    public long evicted() {
        return evicted;
    }

    @Override
    public long heldBytes() {
        long making = aside == null ? 0 : aside.slabs.live();
        return slabs.live() + nodes.live() + segmentSlabs.live() + tableBytes() + making;
    }

    @Override
    public long idleSeconds(long entry, long now) {
        clock.tick(now);
        return clock.isLfu() ? 0 : clock.idleSeconds(Entries.clock(entry));
    }

    @Override
    public int frequency(long entry, long now) {
        clock.tick(now);
        return clock.isLfu() ? clock.count(Entries.clock(entry)) : 0;
    }

    @Override
    public void idleSeconds(long entry, long seconds, long now) {
        clock.tick(now);
        if (!clock.isLfu()) {
            Entries.clock(entry, clock.idle(seconds));
        }
    }

    @Override
    public void frequency(long entry, int count, long now) {
        clock.tick(now);
        if (clock.isLfu()) {
            Entries.clock(entry, clock.used(count));
        }
    }

    @Override
    public void age(long now, long millis) {
        clock.tick(now);
        for (Database each : tables) {
            long round = each.directory.segments() * Segment.BUCKETS;
            long buckets = 1 + round * Math.min(millis, AccessClock.ROUND_MILLIS) / AccessClock.ROUND_MILLIS;
            for (long i = 0; i < buckets && each.size > 0; i++) {
                each.ageCursor = Scan.visit(each.directory, each.ageCursor, ager);
            }
        }
    }

    private void age(long entry) {
        int before = Entries.clock(entry);
        int after = clock.aged(before);
        if (after != before) {
            Entries.clock(entry, after);
        }
    }

    @Override
    public long walk(long from, EntryVisitor visitor) {
        if (database.size == 0) {
            return 0;
        }
        long word = directory.word(from);
        int bits = Directory.bits(word);
        long first = bits == 0 ? 0 : from >>> -bits << -bits;
        // Where segments have merged since, the keys below were visited.
        Segment.visitAll(Directory.segmentOf(word), first == from ? visitor : entry -> {
            if (Long.compareUnsigned(Entries.hash(entry, Memory.getLong(entry), hash), from) >= 0) {
                visitor.visit(entry);
            }
        });
        return Directory.after(from, bits);
    }

    @Override
    public long place(long key, int keyLength) {
        return hash.hash(key, keyLength);
    }

    @Override
    public long any(long chance, long now) {
        if (database.size == 0) {
            return 0;
        }
        long h = chance;
        for (long left = Math.min(ANY_SEGMENTS, directory.segments()); left > 0; left--) {
            long word = directory.word(h);
            long segment = Directory.segmentOf(word);
            int count = Segment.count(segment);
            for (int i = 0; i < count; i++) {
                long entry = Segment.entry(Segment.nth(segment, (int) (((chance & 0xffffffffL) + i) % count)));
                if (expiry(entry) == 0 || !Entries.isDue(entry, now)) {
                    return entry;
                }
            }
            h = Directory.after(h, Directory.bits(word));
        }
        return 0;
    }

    @Override
    public int defragment(int maxSteps) {
        if (!remains.isEmpty()) {
            // Nothing leads to these entries; they go soon.
            return 0;
        }
        int steps = 0;
        while (steps < maxSteps) {
            long block = slabs.nextToMove();
            if (block == 0) {
                break;
            }
            if (Entries.isEntry(block)) {
                move(block);
            }
            steps++;
        }
        return steps < maxSteps ? steps + nodeMover.move(maxSteps - steps) : steps;
    }

    private void move(long entry) {
        int capacity = slabs.capacity(entry);
        long to = slabs.allocate(capacity);
        Memory.copy(entry, to, capacity);
        long h = Entries.hash(entry, Memory.getLong(entry), hash);
        long at = 0;
        for (int i = 0; at == 0; i++) {
            at = Segment.slotOf(tables[i].directory.segment(h), h, entry);
        }
        Memory.putLong(at, Segment.moved(Memory.getLong(at), to));
        nodeMover.moved(entry, to);
        slabs.free(entry);
    }

    @Override
    public void clear() {
        if (closed) {
            return;
        }
        writes.cleared();
        slabs.drop();
        segmentSlabs.drop();
        if (ownsNodes) {
            nodes.drop();
        }
        remains.clear();
        forget();
        if (aside != null) {
            aside.clear();
        }
        clearDatabases();
    }

    /** Those that are not selected cost nothing then, as before they ever were. */
    private void clearDatabases() {
        int before = selected;
        Database zero = Objects.requireNonNull(numbers[0]);
        for (Database each : tables) {
            if (each != zero) {
                each.directory.close();
            }
        }
        zero.table = 0;
        tables = new Database[]{zero};
        numbers = new @Nullable Database[]{zero};
        sweepTable = 0;
        use(zero);
        zero.clear();
        database(before);
    }

    private void forget() {
        detached.clear();
        evictor.clear();
        nodeMover.start();
    }

    @Override
    public boolean release(long bytes) {
        if (closed) {
            return false;
        }
        boolean more = slabs.release(bytes);
        if (ownsNodes) {
            more |= nodes.release(bytes);
        }
        if (aside != null) {
            more |= aside.release(bytes);
        }
        return segmentSlabs.release(bytes) || more;
    }

    @Override
    public void trim() {
        slabs.trim();
        segmentSlabs.trim();
        nodes.trim();
        if (aside != null) {
            aside.trim();
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        hash = (key, length) -> {
            throw closed();
        };
        slabs.close();
        segmentSlabs.close();
        if (ownsNodes) {
            nodes.close();
        }
        remains.clear();
        for (Database each : tables) {
            each.directory.close();
            each.size = 0;
            each.expiring = 0;
        }
        forget();
        if (aside != null) {
            aside.close();
        }
    }

    private static IllegalStateException closed() {
        return new IllegalStateException("this keyspace is closed");
    }

    private static void check(int keyLength, int valueLength) {
        if (keyLength < 0 || keyLength > MAX_LENGTH) {
            throw new IllegalArgumentException("key of " + keyLength + " bytes; 0 to " + MAX_LENGTH + " are allowed");
        }
        if (valueLength < 0 || valueLength > MAX_LENGTH) {
            throw new IllegalArgumentException(
                    "value of " + valueLength + " bytes; 0 to " + MAX_LENGTH + " are allowed");
        }
    }

    private long insert(long h, long key, int keyLength, int type, int valueLength, long expiry) {
        long segment = directory.roomFor(h);
        long entry = entries.create(key, keyLength, type, clock.fresh(), valueLength, expiry);
        boolean expires = expiry != 0;
        Segment.put(segment, Segment.slot(entry, h, expires));
        Segment.add(segment, 1, expires ? 1 : 0);
        database.size++;
        if (expires) {
            database.expiring++;
        }
        return entry;
    }

    private void expires(long h, long at, boolean now) {
        long slot = Memory.getLong(at);
        if (now != Segment.expires(slot)) {
            Memory.putLong(at, Segment.toggled(slot));
            int delta = now ? 1 : -1;
            Segment.add(directory.segment(h), 0, delta);
            database.expiring += delta;
        }
    }

    /** Removes an entry that is due, unless somebody uses it; whether it did. */
    private boolean expireUnused(long h, long at) {
        boolean goes = !isToStay(Segment.entry(Memory.getLong(at)));
        if (goes) {
            expire(h, at);
        }
        return goes;
    }

    /** Removes an entry that is due. */
    private void expire(long h, long at) {
        long entry = Segment.entry(Memory.getLong(at));
        writes.expired(entry);
        takeOut(h, at);
        discard(entry);
        expired++;
    }

    /** Empties a slot in the segment of a hash; its entry is left to the caller. */
    private void takeOut(long h, long at) {
        long segment = directory.segment(h);
        boolean expires = Segment.expires(Memory.getLong(at));
        Segment.add(segment, -1, expires ? -1 : 0);
        database.size--;
        if (expires) {
            database.expiring--;
        }
        Segment.closeGap(segment, at);
        directory.removed(h, database.size == 0);
    }
}
