package io.solaster.engine.file;

/**
 * Where a shard hands operations on files to the kernel, which tells {@link FileRing#completed} what became of each. On the shard.
 */
interface Ring {
    /** What no operation is known by. */
    long NONE = 0;

    /**
     * Hands an operation over: now, or at the latest with what else the turn has.
     *
     * @param number that its end is told with
     * @return what {@link #cancel} knows it by; {@link #NONE} if the ring has ended, and nothing is told
     */
    long submit(byte opcode, int descriptor, long offset, long address, int length, int flags, int number);

    /** Asks the kernel to end an operation, which tells of its end all the same. */
    void cancel(long token);

    /**
     * Hands over what waits for that.
     *
     * @return whether there are ends to be told of: by {@link #tell}
     */
    default boolean flush() {
        return false;
    }

    /** Tells of what has ended. */
    default void tell() {}

    /** Nothing is under way any more, and nothing will be. */
    void close();

    /** The shard has ended, and the kernel may still have operations. After the shard's thread; any thread. */
    default void abandon() {}
}
