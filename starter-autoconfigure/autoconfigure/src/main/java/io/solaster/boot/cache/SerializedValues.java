package io.solaster.boot.cache;

import java.io.IOException;

import org.springframework.core.serializer.DefaultDeserializer;
import org.springframework.core.serializer.DefaultSerializer;

/** Java's serialization, as Spring's caches on Redis have it. */
final class SerializedValues implements CacheCodec {
    private final DefaultSerializer serializer = new DefaultSerializer();
    private final DefaultDeserializer deserializer;

    SerializedValues(ClassLoader classes) {
        this.deserializer = new DefaultDeserializer(classes);
    }

    @Override
    public byte[] encode(Object value) {
        try {
            return serializer.serializeToByteArray(value);
        } catch (IOException | IllegalArgumentException e) {
            throw new IllegalArgumentException("a value of " + value.getClass().getName()
                    + " cannot be cached; make it and its fields Serializable, or declare a bean of type CacheCodec",
                    e);
        }
    }

    @Override
    public Object decode(byte[] bytes) {
        try {
            return deserializer.deserializeFromByteArray(bytes);
        } catch (IOException e) {
            throw new IllegalStateException(
                    "what lies in the cache is not a value of this application any more; clear the cache", e);
        }
    }
}
