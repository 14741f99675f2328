package io.solaster.streams.subscribe;

/** Which names a pattern takes. Without state, since several shards ask one. */
public interface NamePattern {
    /**
     * Whether a name, the first bytes of an array, is taken. In time that goes by the lengths of both, whatever the pattern:
     * clients choose it.
     */
    boolean matches(byte[] name, int length);

    /** Bytes of memory that it takes. */
    int bytes();
}
