package io.solaster.boot.cache;

/**
 * How values of a cache are written to the store. A bean of this type takes the place of Java's serialization. Called on
 * whatever thread uses the cache, several at a time.
 */
public interface CacheCodec {

    /**
     * A value as bytes.
     *
     * @param value never null
     * @throws RuntimeException if it cannot be written; the cache's caller gets it
     */
    byte[] encode(Object value);

    /**
     * The value again.
     *
     * @throws RuntimeException if the bytes cannot be read; the cache's caller gets it
     */
    Object decode(byte[] bytes);
}
