package io.solaster.store.keyspace;

import java.util.List;
import java.util.function.LongPredicate;
import java.util.random.RandomGenerator;

import io.solaster.engine.memory.Slabs;
import io.solaster.engine.memory.SystemMemory;
import org.jspecify.annotations.Nullable;

/**
 * One shard's keys and values, off the heap: no object a key, nothing allocated by any call.
 *
 * <p>
 * All calls on the owning shard. Keys and values come and go by address and length; what a call is given it copies, and
 * it may lie in this keyspace. An <em>entry</em> is a handle, never 0, valid until the next call that may write;
 * {@link #find} is one, since it removes a key that is due. Times are Unix milliseconds; an expiry of 0 means none.
 * Lengths go up to {@link #MAX_LENGTH}.
 *
 * <p>
 * The keys are in databases, of which one is selected ({@link #database(int)}). They share all memory, so that each costs no
 * more than its table.
 *
 * <p>
 * Writing calls throw {@link OutOfMemoryError} if the system has no memory, and {@link IllegalArgumentException} for a
 * length out of range; the keys and values are then as before. After {@link #close} every call by key, and {@link #aside},
 * throws {@link IllegalStateException}.
 */
public interface Keyspace extends AutoCloseable {
    /** The longest key and the longest value, in bytes. */
    int MAX_LENGTH = 512 << 20;

    /** {@link #type} of a string; the others as Redis numbers them in its files. */
    int TYPE_STRING = 0;
    /** {@link #type} of a list. */
    int TYPE_LIST = 1;
    /** {@link #type} of a set. */
    int TYPE_SET = 2;
    /** {@link #type} of a sorted set. */
    int TYPE_ZSET = 3;
    /** {@link #type} of a hash. */
    int TYPE_HASH = 4;
    /** {@link #type} of a stream. */
    int TYPE_STREAM = 6;

    /** The longest root record of a value with nodes, in bytes. */
    int MAX_ROOT = 64;

    /**
     * An empty keyspace. It holds 64 KiB and a little until it is closed, 2 MiB where those are huge pages.
     *
     * @param secrets what its hash is made from, so that nobody can choose keys that collide
     */
    static Keyspace create(RandomGenerator secrets) {
        return create(SystemMemory.SYSTEM, secrets);
    }

    /**
     * As {@link #create(RandomGenerator)}, with memory that comes from somewhere else.
     *
     * @param system a shard's memory, say
     */
    static Keyspace create(SystemMemory system, RandomGenerator secrets) {
        return create(system, secrets, List.of());
    }

    /**
     * As {@link #create(SystemMemory, RandomGenerator)}, for values of other types than strings too.
     *
     * @param types each of another number
     */
    static Keyspace create(SystemMemory system, RandomGenerator secrets, List<? extends ValueType> types) {
        return new OffHeapKeyspace(system, new FoldedHash(secrets::nextLong), types);
    }

    /**
     * Selects a database: all calls by key, {@link #scan}, {@link #walk} and {@link #any} are about that from now on. Number 0
     * is at first. Whoever comes in a later turn selects anew, as others have selected meanwhile.
     *
     * @param number from 0; the first to select one takes some 4 KiB, so who is not to be trusted is checked before
     */
    void database(int number);

    /** Which database is selected. */
    int database();

    /** What tells the selected database from others, from 0: its keys keep it, whatever is {@link #swap swapped}. */
    int table();

    /** How many databases were ever selected: each has a {@link #table}. */
    int tables();

    /** As {@link #database(int)}, by what {@link #table} answers. */
    void selectTable(int table);

    /** One more than the highest number that was ever selected. */
    int databases();

    /** Keys of a database, including those due but not yet removed. */
    long size(int number);

    /** Keys of a database with an expiry. */
    long expiring(int number);

    /** Has each of two databases have the other one's keys; takes no longer for many. */
    void swap(int one, int other);

    /**
     * Gives a key of the selected database to another one, where it must not be. Takes no longer for a large value. The key
     * counts as changed in both; no write is open then.
     *
     * @return false if it is not there
     */
    boolean move(long key, int keyLength, int to);

    /** Removes all keys of the selected database: some microseconds, however many they are. {@link #freeNodes} frees them. */
    void empty();

    /** Keys present in all databases, including those due but not yet removed. */
    long size();

    /** Keys with an expiry, in all databases. */
    long expiring();

    /** Keys removed because they were due, since the keyspace was made. */
    long expired();

    /** Keys removed for want of memory, since the keyspace was made. */
    long evicted();

    /** Bytes taken from the system for table, entries and nodes, and not yet given back. */
    long usedMemory();

    /**
     * Bytes in use by entries and nodes, rounded up to their blocks: what {@link #usedMemory} exceeds it by is table and
     * slack.
     */
    long liveBytes();

    /** Bytes in use by entries, nodes and table: what a limit of memory is compared with, and what eviction lessens. */
    long heldBytes();

    /** Where the nodes of values lie that are too large for their entries; what a {@link ValueType} works on. */
    Slabs nodes();

    /**
     * A keyspace beside this one, for values in the making that no key has yet: it shares {@link #nodes} with this one, so
     * that {@link #take} moves a value from there to here in constant time, and is emptied and closed with it. It is made
     * when it is first asked for, evicts and expires nothing, and nobody listens to it.
     */
    Keyspace aside();

    /**
     * Gives a key the value of a key that lies {@link #aside}, which is gone then: inserts it, or replaces whatever the key
     * held. Takes constant time, but for what a small value has of bytes.
     *
     * @param from the entry aside
     * @return the entry
     */
    long take(long from, long key, int keyLength, long expiry);

    /** How often nodes may have been moved, so that who knows the address of one finds it anew. */
    long nodeMoves();

    /**
     * Keeps a key for who uses it over several turns: until {@link #unpin} was called as often it is neither evicted nor removed
     * as due, and its nodes lie where they are. Whoever finds it due has no key.
     */
    void pin(long key, int keyLength);

    /**
     * Has keys stay that somebody uses over several turns: while it is so of an entry, it is neither evicted nor removed as due by
     * {@link #expireDue}.
     */
    void keepWhile(LongPredicate isUsed);

    /** Ends what {@link #pin} began, whether the key is there still or not. */
    void unpin(long key, int keyLength);

    /** Bytes of the nodes of an entry's value, rounded up to blocks; 0 if it has none. */
    long nodeBytes(long entry);

    /**
     * Bytes that a key takes: its block, its nodes, and its part of the table. May take as long as there are nodes.
     */
    long bytes(long entry);

    /**
     * Frees about so many nodes of values that were removed or replaced, and entries of databases that were emptied. A small
     * value's are freed at once, those of others by this.
     *
     * @return how many; fewer than asked for once none is left
     */
    int freeNodes(int maxSteps);

    /**
     * The key's entry, or 0. One whose expiry lies before {@code now} is removed and counted as expired, of which
     * listeners are told; entries of other keys stay valid. The key counts as used.
     */
    long find(long key, int keyLength, long now);

    /** As {@link #find}, but the key does not count as used. */
    long peek(long key, int keyLength, long now);

    /**
     * As {@link #find}, for who is about to change the key: listeners are told. What changes a value at its address ends
     * with {@link #written}; so do {@link #create} and {@link #resizeValue}. The other writing calls tell of themselves,
     * and need neither. One write is open at a time: what was changed is to be {@link #written} before the next one
     * begins. A write that changed nothing is just left.
     *
     * @param key
     *            stays where it is until the write ends
     */
    long beginWrite(long key, int keyLength, long now);

    /**
     * As {@link #beginWrite(long, int, long)}, of an entry that was found, and is changed where it lies: it does not count
     * as used by this, and stays though it may be due.
     */
    void beginWrite(long entry);

    /** What {@link #beginWrite} began is done; does nothing if no write is open. */
    void written();

    /** The write that is open, if any, changed nothing. For who runs commands: before each. */
    void leaveWrite();

    /**
     * Has a listener told of all that changes keys, from now on.
     *
     * @return ends that, when it is run, on this shard
     */
    Runnable listen(KeyspaceListener listener);

    /**
     * As {@link #written}, by who does not know whether the command has changed anything: a string that was changed at its
     * address, and of which nothing else was told, is to be {@link #written}.
     */
    void endWrite();

    /** Has somebody told of all that changes values from now on; nobody where that is null. */
    void effects(@Nullable Effects effects);

    /** As {@link #effects(Effects)}, for somebody else beside that one. */
    void alsoEffects(@Nullable Effects effects);

    /**
     * Whom to tell of the step by which a value is changed next; null if nobody is to be told. {@link #told} follows, once it is
     * told and done.
     */
    @Nullable
    Effects effects();

    /** The change was told by a step, so that the value need not be told as a whole. */
    void told();

    /** One of the {@code TYPE_} constants. */
    int type(long entry);

    long valueAddress(long entry);

    int valueLength(long entry);

    /**
     * Keeps an entry's value where and as it is, for a socket that has yet to send it, whatever becomes of the key: until
     * {@link #letGo} was called as often, also after {@link #close}. Its memory counts as used until then. Meanwhile every
     * call above and below leaves these bytes alone and puts the key's new value elsewhere, {@link #resizeValue} to the
     * same length too.
     *
     * @return false if the value is one of those that share their memory, up to some 32 KiB: it is copied instead
     */
    boolean hold(long entry);

    /**
     * Ends what {@link #hold} began.
     *
     * @param entry
     *            what it was then, though it is the key's no more
     */
    void letGo(long entry);

    /** Whether {@link #hold} keeps the value, so that nobody may write to it in place. */
    boolean isHeld(long entry);

    long keyAddress(long entry);

    int keyLength(long entry);

    long expiry(long entry);

    /**
     * Inserts a string, or replaces whatever the key held: in place if it fits the block without wasting much of it.
     *
     * @return the entry
     */
    long set(long key, int keyLength, long value, int valueLength, long expiry);

    /**
     * Inserts a value of a type, or replaces whatever the key held, as {@link #set} does. The value is undefined: until
     * the caller wrote it, nothing else of this keyspace may be called, and then {@link #written}. To keep the expiry,
     * give {@link #expiry}.
     *
     * @param type
     *            {@link #TYPE_STRING}, or that of one of the keyspace's types
     * @return the entry
     */
    long create(long key, int keyLength, int type, int valueLength, long expiry);

    /**
     * Gives the key's value this length: what both lengths have in common is kept, the rest is undefined. Inserts a
     * string without expiry if the key is absent; else type and expiry stay (a key that is due is taken as present), and
     * so do a value's nodes. A value that outgrows its block gets half its length, or 32 MiB, as room to grow, so that n appends
     * cost O(n). One that gets shorter is not refused for want of memory, unless it is held: it keeps its block then. Once
     * the value is as it shall be, the caller calls {@link #written}.
     *
     * @return the entry
     */
    long resizeValue(long key, int keyLength, int valueLength);

    /**
     * As {@link #resizeValue}, but what is beyond the old length is zero. At most 32 MiB are written for that, however
     * long the value becomes: memory that is new from the system is zero.
     */
    long extendValue(long key, int keyLength, int valueLength);

    /** Up to which sizes values are kept small. */
    Encodings encodings();

    /** From now on values are kept small up to these sizes. */
    void encodings(Encodings sizes);

    /** From now on keys are evicted, and their use is noted, so. What was noted by another order is taken as it is. */
    void evictionPolicy(EvictionPolicy policy);

    /**
     * Removes the key that shall go next. Takes some microseconds; some hundred where few keys of many may go.
     *
     * @return false if none was found
     */
    boolean evict(long now);

    /**
     * For how long a key was not used, by every policy but LFU: up to seven and a half hours, if {@link #age} is called.
     */
    long idleSeconds(long entry, long now);

    /** How often a key is used, from 0 to 255, by LFU. */
    int frequency(long entry, long now);

    /** Lets a key look as if it had not been used for so long; by LFU it stays as it is. */
    void idleSeconds(long entry, long seconds, long now);

    /** Lets a key look as if it were used so often, from 0 to 255; by other policies than LFU it stays as it is. */
    void frequency(long entry, int count, long now);

    /**
     * Keeps some keys that were not used for long from looking new: a part of all that corresponds to the time since the
     * last call, each key at most once.
     *
     * @param millis that have passed since
     */
    void age(long now, long millis);

    /** Whether the key was there; it no longer is. */
    boolean remove(long key, int keyLength);

    /**
     * Sets the expiry, or clears it with 0.
     *
     * @return the entry, or 0 if the key is absent
     */
    long setExpiry(long key, int keyLength, long expiry);

    /**
     * Removes keys that are due, from where the last call stopped, at most one round of the table of one database. Of a slot whose key
     * has no expiry only the slot is read (a few ns); without any expiring keys nothing is.
     *
     * @param maxSteps
     *            slots to examine, give or take a few; a removal counts as one
     * @return keys removed
     */
    int expireDue(long now, int maxSteps);

    /**
     * Moves entries and nodes out of sparse pages of memory, so that these can be given back: about 0.1 us a block.
     * A size class is left alone once less than an eighth of it, or no more than two pages of 64 KiB, lies idle; then
     * this costs about 0.1 us.
     *
     * @param maxSteps
     *            blocks to examine; where nodes are moved, slots too
     * @return blocks examined; fewer than asked for once nothing is left to do
     */
    int defragment(int maxSteps);

    /**
     * Visits a few entries (about 5, perhaps none), those that are due included. A key that is present from a first
     * call with cursor 0 until a call returns 0 is visited at least once, whatever is written between the calls; one
     * may be visited twice where the table grew or shrank.
     *
     * @param cursor
     *            0 to start, else what the last call returned: less than 2^41, so that a caller may add a shard's
     *            number above
     * @return the cursor to go on with, or 0 at the end
     */
    long scan(long cursor, EntryVisitor visitor);

    /**
     * Visits entries of one piece of the table, about 450 at most, those that are due included. A key that is present
     * from a first call with 0 until a call returns 0 is visited exactly once, whatever is written between the calls.
     *
     * @param from
     *            0 to start, else what the last call returned: any number
     * @return where to go on, or 0 at the end
     */
    long walk(long from, EntryVisitor visitor);

    /** Where {@link #walk} comes to a key: once it has answered a number that is above this, unsigned, or 0, the key was visited. */
    long place(long key, int keyLength);

    /**
     * An entry by chance, each as likely as any other where there are many; 0 if none was found that is not due.
     *
     * @param chance
     *            evenly distributed over all numbers
     */
    long any(long chance, long now);

    /**
     * Removes all keys of all databases, which cost nothing then until they are selected anew: some microseconds, however many there are. Their memory is used again by what is written next,
     * and {@link #release} gives it back; the keyspace never takes more than before meanwhile.
     */
    void clear();

    /**
     * Gives back about so many bytes of what {@link #clear}, and removed values of over 1 MiB, have left: about 60 us
     * for each MiB, spent in the kernel.
     *
     * @return whether there may be more to give back
     */
    boolean release(long bytes);

    /** Has {@link #release} give back what is kept for use again, too: for when memory is scarce. */
    void trim();

    /** Gives all memory back: about 60 ms for each GiB. May be called twice. */
    @Override
    void close();

    /** What {@link #scan} calls. */
    @FunctionalInterface
    interface EntryVisitor {
        /** Must not write to the keyspace. */
        void visit(long entry);
    }
}
