package io.solaster.http.body;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Offload.Purpose;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/** A file of a {@link Multipart} form, in memory or on disk until the end of the exchange. On the owning shard. */
public final class Part {
    private final Shard shard;
    private final String name;
    private final String filename;
    private final String contentType;
    private final long size;
    private final @Nullable ByteBuf content;
    private final @Nullable Path file;

    Part(Shard shard, String name, String filename, String contentType, long size, @Nullable ByteBuf content,
            @Nullable Path file) {
        this.shard = shard;
        this.name = name;
        this.filename = filename;
        this.contentType = contentType;
        this.size = size;
        this.content = content;
        this.file = file;
    }

    /** The field's name. */
    public String name() {
        return name;
    }

    /**
     * What the client calls the file: the last segment of whatever it sent. Not to be trusted: make a name of your own to
     * keep it.
     */
    public String filename() {
        return filename;
    }

    /** What the client says that it is. */
    public String contentType() {
        return contentType;
    }

    /** In bytes. */
    public long size() {
        return size;
    }

    /** What it holds, if it was small enough to stay in memory; null if it is on disk. Retain it to keep it. */
    public @Nullable ByteBuf content() {
        return content;
    }

    /** Where it lies, if it was too large for memory; null otherwise. */
    public @Nullable Path file() {
        return file;
    }

    /**
     * Keeps it beyond the exchange, in memory or on disk.
     *
     * @param target replaced if it exists
     * @return done once it is there, on the shard
     */
    public ShardFuture<Path> moveTo(Path target) {
        ByteBuf bytes = content == null ? null : content.retainedDuplicate();
        ShardFuture<Path> moved = shard.offload().call(Purpose.FILES, () -> {
            if (file != null) {
                return Files.move(file, target, StandardCopyOption.REPLACE_EXISTING);
            }
            byte[] copy = bytes == null ? new byte[0] : new byte[bytes.readableBytes()];
            if (bytes != null) {
                bytes.readBytes(copy);
            }
            return Files.write(target, copy);
        });
        if (bytes != null) {
            moved.whenComplete((path, failure) -> bytes.release());
        }
        return moved;
    }

    @Override
    public String toString() {
        return name + ": " + filename + " (" + contentType + ", " + size + " bytes)";
    }
}
