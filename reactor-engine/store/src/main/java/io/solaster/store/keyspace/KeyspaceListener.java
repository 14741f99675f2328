package io.solaster.store.keyspace;

/**
 * Is told of all that changes the keys of a {@link Keyspace}. On the owning shard. What is told by address holds until
 * the call returns, and is about the database that is selected ({@link Keyspace#database()}); a listener calls nothing of
 * the keyspace but what reads an entry, leaves selected what is, and throws nothing.
 */
public interface KeyspaceListener {
    /**
     * A key may be changed, inserted or removed now: the last moment at which its value is as before. It may be told
     * several times of one write, of which only the first counts. Where {@link #written} does not follow, the key is as
     * it was.
     *
     * @param entry 0 if the key is absent
     */
    default void beginWrite(long key, int keyLength, long entry) {}

    /**
     * What was begun is done.
     *
     * @param entry 0 if the key is gone
     */
    default void written(long key, int keyLength, long entry) {}

    /** An entry is removed next, since it is due. */
    default void expired(long entry) {}

    /** An entry is removed next, for want of memory. */
    default void evicted(long entry) {}

    /** All entries of all databases are removed next. */
    default void cleared() {}

    /** All entries of the selected database are removed next; there are others in other ones. */
    default void emptied() {}

    /** Each of two databases has the other one's number from now on. */
    default void swapped(int one, int other) {}
}
