package io.solaster.http;

import java.lang.reflect.Type;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** What reads and writes JSON for {@link Json}; {@link JacksonCodec} is one. One instance for all shards. */
public interface JsonCodec {

    /**
     * Reads one value of UTF-8, and nothing else behind it. On a shard; must not block.
     *
     * @return null for JSON's null
     * @throws HttpException with status 400 if it is malformed or does not fit the type, telling line and column
     */
    @Nullable
    Object read(ByteBuf json, Type type);

    /** Writes a value in UTF-8. On a shard; must not block. */
    void write(@Nullable Object value, ByteBuf to);
}
